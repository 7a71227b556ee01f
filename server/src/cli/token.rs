//! `verbatim token`: print a token. It reads the data folder's key alone, so it works while the server runs.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use uuid::Uuid;
use verbatim_proto::{Claims, OrganizationId, Scopes, SessionId};

use super::{exit, fail, say};
use crate::{
    auth::local::LocalKey,
    clock::{Clock, SystemClock, unix_seconds},
    config::{DATA_DIR_DEFAULT, Seconds},
};

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// Data folder whose key signs
    #[arg(long, env = "VERBATIM_DATA_DIR", value_name = "DIR", default_value = DATA_DIR_DEFAULT)]
    data_dir: PathBuf,
    /// Make a session token for this session; without it, an access token for all of the organisation's
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Organisation [default: the data folder's own]
    #[arg(long, value_name = "UUID")]
    org: Option<OrganizationId>,
    /// How long the token holds
    #[arg(long, value_name = "TIME", default_value = "1h", allow_hyphen_values = true)]
    ttl: Seconds,
    /// What it may do: read, append, admin, parted by commas or spaces
    /// [default: append,read for a session token, read for an access token]
    #[arg(long, value_name = "WORDS")]
    scope: Option<Scopes>,
    /// The token's own id, its `jti`, to revoke it by [default: a new UUID]
    #[arg(long, value_name = "TEXT")]
    id: Option<String>,
    /// Whom it is for, as the audit trail will name it
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
}

pub(super) fn run(args: TokenArgs) -> ExitCode {
    if args.ttl.0.as_secs() == 0 {
        return fail(
            "--ttl: a token that holds for less than a second is of no use; give a time such as 1h",
            exit::USAGE,
        );
    }
    let minted = LocalKey::read(&args.data_dir).and_then(|key| {
        let now = unix_seconds(SystemClock.now());
        key.mint(&Claims {
            organization_uuid: args.org.unwrap_or(key.organization()),
            session_id: args.session,
            scope: args.scope,
            exp: now.saturating_add(args.ttl.0.as_secs()),
            nbf: None,
            iat: Some(now),
            sub: args.subject,
            jti: Some(args.id.unwrap_or_else(|| Uuid::new_v4().to_string())),
        })
    });
    match minted {
        Ok(token) => say(&token),
        Err(error) => fail(error, exit::UNAVAILABLE),
    }
}
