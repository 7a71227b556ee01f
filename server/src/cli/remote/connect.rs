//! From the arguments to a client: whose token goes along, and where one is signed.

use std::{
    env, fs,
    future::ready,
    path::{Path, PathBuf},
};

use futures_util::future::BoxFuture;
use verbatim_client::{Client, ClientBuilder, RetryPolicy, SessionId, Token, TokenError, TokenProvider};
use verbatim_proto::{Claims, OrganizationId, Scope, Scopes};

use super::{Fault, RemoteArgs};
use crate::{
    auth::local::{LocalKey, LocalKeyError},
    cli::exit,
    clock::{Clock, SystemClock, unix_seconds},
    config::DATA_DIR_DEFAULT,
};

/// Where a server listens unless told otherwise.
pub(super) const URL_DEFAULT: &str = "http://127.0.0.1:4280";
/// How long a token holds that is signed here. The client asks for another when it is refused.
const TOKEN_SECONDS: u64 = 600;
/// Attempts while a person looks on: some 10 s.
const ATTEMPTS_AT_A_TERMINAL: u32 = 5;

impl RemoteArgs {
    /// The client for this server; `set` adds a verb's own settings. Where tokens are signed here, they are session
    /// tokens.
    pub(super) fn client(&self, set: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client, Fault> {
        self.client_with(&[], set)
    }

    /// The same; access tokens that are signed here may do `scopes`, which is what the verb needs.
    pub(super) fn client_with(
        &self,
        scopes: &[Scope],
        set: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Client, Fault> {
        let mut builder = Client::builder(&self.url);
        if let Some(organization) = self.org {
            builder = builder.organization(organization);
        }
        if let Some(path) = &self.ca {
            builder = builder.trusted_ca(&read(path)?);
        }
        if let Some(path) = &self.client_cert {
            builder = builder.client_certificate(&read(path)?);
        }
        builder = match (self.signing_key()?, &self.token) {
            (Some(key), _) => {
                let organization = self.org.unwrap_or(key.organization());
                builder.token_provider(Signer { key, organization, scopes: Scopes::of(scopes) })
            }
            (None, Some(token)) => builder.token(token),
            (None, None) => return Err(no_token()),
        };
        Ok(set(builder).build()?)
    }

    /// The key to sign with: that of the folder which was named, or, where there is no token and the server is on this
    /// machine, that of the default folder.
    fn signing_key(&self) -> Result<Option<LocalKey>, Fault> {
        if let Some(folder) = &self.data_dir {
            return read_key(folder).map(Some);
        }
        if self.token.is_some() || !is_this_machine(&self.url) {
            return Ok(None);
        }
        let folder = env::var_os("VERBATIM_DATA_DIR").filter(|folder| !folder.is_empty());
        let folder = folder.map_or_else(|| PathBuf::from(DATA_DIR_DEFAULT), PathBuf::from);
        match LocalKey::read(&folder) {
            Ok(key) => Ok(Some(key)),
            Err(LocalKeyError::Missing(_)) => Ok(None),
            Err(error) => Err(Fault::new(exit::NO_PERMISSION, error)),
        }
    }
}

/// Gives up sooner than a program that nobody waits for.
pub(super) fn at_a_terminal(builder: ClientBuilder) -> ClientBuilder {
    builder.retry(RetryPolicy { attempts_max: ATTEMPTS_AT_A_TERMINAL, ..RetryPolicy::default() })
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    fs::read(path).map_err(|error| Fault::input(path.display(), error))
}

fn read_key(folder: &Path) -> Result<LocalKey, Fault> {
    LocalKey::read(folder).map_err(|error| Fault::new(exit::NO_PERMISSION, error))
}

fn no_token() -> Fault {
    let message = "no token: give --token or VERBATIM_TOKEN, or --data-dir on the server's own machine; \
        `verbatim token` prints one";
    Fault::new(exit::NO_PERMISSION, message)
}

/// Signs session tokens that may append and read, each for the session it is asked for; and access tokens.
struct Signer {
    key: LocalKey,
    organization: OrganizationId,
    /// What access tokens may do.
    scopes: Scopes,
}

impl TokenProvider for Signer {
    fn token<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<Token, TokenError>> {
        Box::pin(ready(self.sign(Some(session.clone()), None)))
    }

    fn access_token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        Box::pin(ready(self.sign(None, Some(self.scopes))))
    }
}

impl Signer {
    fn sign(&self, session_id: Option<SessionId>, scope: Option<Scopes>) -> Result<Token, TokenError> {
        let now = unix_seconds(SystemClock.now());
        let claims = Claims {
            organization_uuid: self.organization,
            session_id,
            scope,
            exp: now.saturating_add(TOKEN_SECONDS),
            nbf: None,
            iat: Some(now),
            sub: None,
            jti: None,
        };
        Token::new(&self.key.mint(&claims).map_err(TokenError::new)?)
    }
}

fn is_this_machine(url: &str) -> bool {
    let authority = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let authority = authority.unwrap_or_default().split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_folder_signs_for_this_machine_alone() {
        for near in [URL_DEFAULT, "http://localhost:1/", "http://[::1]:4280", "https://127.0.0.1"] {
            assert!(is_this_machine(near), "{near}");
        }
        for far in [
            "http://127.0.0.1.example:80",
            "http://example/127.0.0.1",
            "https://example",
            "http://localhost@example",
            "",
        ] {
            assert!(!is_this_machine(far), "{far}");
        }
    }
}
