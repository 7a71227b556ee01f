//! What the configuration names of certificates, keys and revocations: read for the start, and kept current afterwards.

use std::{path::PathBuf, sync::Arc};

use super::StartError;
use crate::{
    auth::{Authenticator, Fetcher, KeyError, KeyRing, Revoked, TokenRules, local::LocalKey},
    clock::Clock,
    config::Config,
    reload::{Asked, Part, Watched},
    transport::Tls,
};

/// Who may call, and what keeps that current.
pub(super) struct Trust {
    pub(super) auth: Arc<Authenticator>,
    pub(super) fetcher: Option<Fetcher>,
    pub(super) parts: Vec<Part>,
}

impl Trust {
    /// Reads what the configuration names. What an issuer publishes is not fetched yet.
    pub(super) fn read(config: &Config, local: &LocalKey, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let mut own = KeyRing::default();
        local.add_to(&mut own);
        let mut key_files = Watched::new(key_files(config));
        let mut revoked_file = Watched::new(config.revoked.iter().cloned().collect());
        let rules = TokenRules {
            issuer: config.token_issuer.clone(),
            audience: config.token_audience.clone(),
            leeway_seconds: config.token_leeway.as_secs(),
        };
        let auth = Authenticator::new(add_keys(config, own.clone())?, &rules, clock);
        if let Some(path) = &config.revoked {
            auth.revoke(Revoked::read(path)?);
        }
        let (auth, fetcher) = match &config.trusted_jwks_url {
            None => (Arc::new(auth), None),
            Some(url) => {
                let fetcher = Fetcher::new(auth, url.clone(), config.trusted_jwks_interval)?;
                (fetcher.authenticator(), Some(fetcher))
            }
        };
        let mut parts: Vec<Part> = Vec::new();
        if !config.trusted_keys.is_empty() || config.trusted_jwks.is_some() {
            let (auth, config) = (Arc::clone(&auth), config.clone());
            parts.push(Box::new(move |asked| {
                let keys = key_files.reload(asked, || add_keys(&config, own.clone()).map_err(StartError::from));
                if keys.is_some_and(|keys| auth.trust(keys)) {
                    tracing::info!("the trusted keys have changed");
                }
            }));
        }
        if let Some(path) = config.revoked.clone() {
            let auth = Arc::clone(&auth);
            parts.push(Box::new(move |asked| {
                let revoked = revoked_file.reload(asked, || Revoked::read(&path).map_err(StartError::from));
                if revoked.is_some_and(|revoked| auth.revoke(revoked)) {
                    tracing::info!("the revocation list has changed");
                }
            }));
        }
        if let Some(wake) = fetcher.as_ref().map(Fetcher::waker) {
            parts.push(Box::new(move |asked| {
                if asked == Asked::Yes {
                    wake();
                }
            }));
        }
        Ok(Self { auth, fetcher, parts })
    }
}

/// Reads certificate and key, where there are any, and gives what keeps them current.
pub(super) fn read_tls(config: &Config) -> Result<Option<(Arc<Tls>, Part)>, StartError> {
    let Some(files) = config.tls.clone() else { return Ok(None) };
    let mut watched = Watched::new(files.paths());
    let tls = Arc::new(Tls::new(files.load()?));
    let current = Arc::clone(&tls);
    let part = move |asked| {
        if let Some(config) = watched.reload(asked, || files.load()) {
            current.replace(config);
            tracing::info!(certificate = %files.certificate.display(), "new connections get the certificate as it is now");
        }
    };
    Ok(Some((tls, Box::new(part))))
}

/// Reads every file, to no purpose but to see that it can be used.
pub(super) fn check(config: &Config) -> Result<(), StartError> {
    add_keys(config, KeyRing::default())?;
    config.revoked.iter().try_for_each(|path| Revoked::read(path).map(drop))?;
    config.tls.iter().try_for_each(|files| files.load().map(drop))?;
    Ok(())
}

fn key_files(config: &Config) -> Vec<PathBuf> {
    config.trusted_keys.iter().map(|key| &key.path).chain(&config.trusted_jwks).cloned().collect()
}

fn add_keys(config: &Config, mut keys: KeyRing) -> Result<KeyRing, KeyError> {
    config.trusted_keys.iter().try_for_each(|file| keys.add_file(file))?;
    config.trusted_jwks.iter().try_for_each(|path| keys.add_jwks(path))?;
    Ok(keys)
}
