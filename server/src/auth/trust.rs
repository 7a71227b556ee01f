//! Who is believed now: keys and revocations, each replaced whole while requests go on. A request takes what is in force by
//! one atomic load; nothing here makes it wait.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jsonwebtoken::{decode, decode_header};
use tokio::sync::watch;
use verbatim_proto::Claims;

use super::{
    TokenRules, Unauthenticated,
    cache::{Verified, Vouched},
    keys::{Key, KeyRing},
    revoked::Revoked,
};

/// The keys and revocations in force.
pub(super) struct Trust {
    believed: ArcSwap<Believed>,
    revoked: ArcSwap<Revoked>,
    sources: Mutex<Sources>,
    rules: TokenRules,
    changed: watch::Sender<()>,
}

/// Keys, and the tokens that were verified with them.
struct Believed {
    keys: KeyRing,
    verified: Verified,
}

/// Where keys come from.
struct Sources {
    configured: KeyRing,
    fetched: Vec<Key>,
}

impl Trust {
    pub(super) fn new(configured: KeyRing, rules: TokenRules) -> Self {
        let sources = Sources { configured, fetched: Vec::new() };
        Self {
            believed: ArcSwap::from_pointee(sources.believed(&rules)),
            revoked: ArcSwap::default(),
            sources: Mutex::new(sources),
            rules,
            changed: watch::Sender::new(()),
        }
    }

    /// Trusts these keys of the configuration in place of those before. Gives whether that made a difference.
    pub(super) fn configure(&self, keys: KeyRing) -> bool {
        self.replace(|sources| sources.configured = keys)
    }

    /// Trusts these keys that an issuer publishes in place of those before. Gives whether that made a difference.
    pub(super) fn publish(&self, keys: Vec<Key>) -> bool {
        self.replace(|sources| sources.fetched = keys)
    }

    fn replace(&self, set: impl FnOnce(&mut Sources)) -> bool {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        set(&mut sources);
        let believed = sources.believed(&self.rules);
        let is_new = !believed.keys.is_same_as(&self.believed.load().keys);
        if is_new {
            self.believed.store(Arc::new(believed));
            self.changed.send_replace(());
        }
        is_new
    }

    /// Revokes these in place of those before. Gives whether that made a difference.
    pub(super) fn revoke(&self, revoked: Revoked) -> bool {
        let is_new = revoked != **self.revoked.load();
        if is_new {
            self.revoked.store(Arc::new(revoked));
            self.changed.send_replace(());
        }
        is_new
    }

    /// What the token says, if a trusted key signed it and it was not revoked.
    pub(super) fn vouch(&self, token: &str) -> Result<Arc<Vouched>, Unauthenticated> {
        let believed = self.believed.load();
        let vouched = believed.verified.get_or(token, || verify(&believed.keys, token))?;
        self.revoked.load().check(&vouched.claims)?;
        Ok(vouched)
    }

    /// Checks that the key of a token that was vouched for is trusted still, and the token not revoked since.
    pub(super) fn check(&self, vouched: &Vouched) -> Result<(), Unauthenticated> {
        if !self.believed.load().keys.has(vouched.key) {
            return Err(Unauthenticated::Untrusted);
        }
        self.revoked.load().check(&vouched.claims)
    }

    /// Whether a key has this `kid`.
    pub(super) fn knows(&self, kid: &str) -> bool {
        self.believed.load().keys.knows(kid)
    }

    /// Tells of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

impl Sources {
    fn believed(&self, rules: &TokenRules) -> Believed {
        let mut keys = self.configured.with(&self.fetched);
        keys.set_rules(|validation| rules.apply_to(validation));
        Believed { keys, verified: Verified::new() }
    }
}

fn verify(keys: &KeyRing, token: &str) -> Result<Vouched, Unauthenticated> {
    let header = decode_header(token).map_err(|_| Unauthenticated::Untrusted)?;
    let mut found = Unauthenticated::Untrusted;
    for key in keys.candidates(header.kid.as_deref()) {
        match decode::<Claims>(token, &key.decoding, &key.validation) {
            Ok(token) => return Ok(Vouched { claims: token.claims, key: key.print }),
            Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Json(_)) => {
                found = Unauthenticated::Claims;
            }
            Err(_) => {}
        }
    }
    Err(found)
}
