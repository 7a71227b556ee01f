//! `verbatim sessions`: list, show and change sessions as resources.

mod expiring;
mod list;
mod patch;
mod previews;
mod print;
mod redact;
mod reset;
mod rm;

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
    /// Put a session into the bin, and the sessions of its sub-agents with it; or purge it
    Rm(rm::RmArgs),
    /// Take a session out of the bin
    Restore(OneArgs),
    /// Begin a new chain under the same id; the old one is kept in a session of its own
    Reset(reset::ResetArgs),
    /// Take an entry's content away for good
    Redact(redact::RedactArgs),
    /// Print the last lines of many sessions
    Previews(previews::PreviewsArgs),
    /// List what will go by itself, the next first
    Expiring(expiring::ExpiringArgs),
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

pub(super) fn run(verb: SessionsVerb, runtime: &Runtime) -> Result<(), Fault> {
    match verb {
        SessionsVerb::List(args) => list::run(args, runtime),
        SessionsVerb::Patch(args) => patch::run(&args, runtime),
        SessionsVerb::Show(args) => {
            let sessions = args.sessions(&[Scope::Read])?;
            args.print(&runtime.block_on(sessions.show(&args.session))?)
        }
        SessionsVerb::Fork(ForkArgs { of, id, at }) => {
            let sessions = of.sessions(&[Scope::Append])?;
            of.print(&runtime.block_on(sessions.fork(&of.session, ForkSession { id, at }))?)
        }
        SessionsVerb::End(args) => {
            let sessions = args.sessions(&[Scope::Append])?;
            let end = PatchSession { status: Some(Status::Ended), ..PatchSession::default() };
            args.print(&runtime.block_on(sessions.patch(&args.session, &end, None))?)
        }
        SessionsVerb::Rm(args) => rm::run(&args, runtime),
        SessionsVerb::Reset(args) => reset::run(&args, runtime),
        SessionsVerb::Redact(args) => redact::run(&args, runtime),
        SessionsVerb::Previews(args) => previews::run(args, runtime),
        SessionsVerb::Expiring(args) => expiring::run(&args, runtime),
        SessionsVerb::Restore(args) => {
            let sessions = args.sessions(&[Scope::Admin])?;
            args.print(&runtime.block_on(sessions.restore(&args.session))?)
        }
    }
}

impl OneArgs {
    fn sessions(&self, scopes: &[Scope]) -> Result<verbatim_client::Sessions, Fault> {
        Ok(self.remote.client_with(scopes, at_a_terminal)?.sessions())
    }

    fn print(&self, described: &Described) -> Result<(), Fault> {
        print::one(described, self.form)
    }
}
