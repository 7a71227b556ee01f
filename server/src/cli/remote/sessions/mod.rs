//! `verbatim sessions`: list, show and change sessions as resources.

mod list;
mod patch;
mod print;

use clap::{Args, Subcommand};
use tokio::runtime::Runtime;
use verbatim_client::{Described, ForkSession, PatchSession, SessionId, Status};
use verbatim_proto::Scope;

use super::{Fault, RemoteArgs, connect::at_a_terminal, output::FormArgs};

/// A verb about sessions. All take an access token.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SessionsVerb {
    /// List the organisation's sessions, those that changed last first
    List(list::ListArgs),
    /// Show a session
    Show(OneArgs),
    /// Change a session's title, metadata, status or time of deletion
    Patch(patch::PatchArgs),
    /// Make a session that shares another's entries up to a point
    Fork(ForkArgs),
    /// End a session: it takes no more entries and reads as before
    End(OneArgs),
    /// Put a session into the bin, and the sessions of its sub-agents with it
    Rm(RmArgs),
    /// Take a session out of the bin
    Restore(OneArgs),
}

/// A session.
#[derive(Debug, Args)]
pub(in crate::cli) struct OneArgs {
    /// The session
    #[arg(value_name = "SESSION")]
    session: SessionId,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// What to fork.
#[derive(Debug, Args)]
pub(in crate::cli) struct ForkArgs {
    /// Id of the new session [default: one that is made up]
    #[arg(long, value_name = "ID")]
    id: Option<SessionId>,
    /// Last entry to share, by its uuid or as ~SEQ [default: all there are]
    #[arg(long, value_name = "EVENT_ID")]
    at: Option<String>,
    #[command(flatten)]
    of: OneArgs,
}

/// What to delete.
#[derive(Debug, Args)]
pub(in crate::cli) struct RmArgs {
    /// Leave the sessions of its sub-agents where they are
    #[arg(long)]
    keep_children: bool,
    #[command(flatten)]
    of: OneArgs,
}

pub(super) fn run(verb: SessionsVerb, runtime: &Runtime) -> Result<(), Fault> {
    match verb {
        SessionsVerb::List(args) => list::run(args, runtime),
        SessionsVerb::Patch(args) => patch::run(&args, runtime),
        SessionsVerb::Show(args) => {
            let sessions = args.sessions(Scope::Read)?;
            args.print(&runtime.block_on(sessions.show(&args.session))?)
        }
        SessionsVerb::Fork(ForkArgs { of, id, at }) => {
            let sessions = of.sessions(Scope::Append)?;
            of.print(&runtime.block_on(sessions.fork(&of.session, ForkSession { id, at }))?)
        }
        SessionsVerb::End(args) => {
            let sessions = args.sessions(Scope::Append)?;
            let end = PatchSession { status: Some(Status::Ended), ..PatchSession::default() };
            args.print(&runtime.block_on(sessions.patch(&args.session, &end, None))?)
        }
        SessionsVerb::Rm(RmArgs { of, keep_children }) => {
            let sessions = of.sessions(Scope::Admin)?;
            of.print(&runtime.block_on(sessions.delete(&of.session, !keep_children))?)
        }
        SessionsVerb::Restore(args) => {
            let sessions = args.sessions(Scope::Admin)?;
            args.print(&runtime.block_on(sessions.restore(&args.session))?)
        }
    }
}

impl OneArgs {
    fn sessions(&self, scope: Scope) -> Result<verbatim_client::Sessions, Fault> {
        Ok(self.remote.client_with(&[scope], at_a_terminal)?.sessions())
    }

    fn print(&self, described: &Described) -> Result<(), Fault> {
        print::one(described, self.form)
    }
}
