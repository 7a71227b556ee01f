//! The keys that an issuer publishes at a URL: fetched at the start, every few minutes, and when a token names a key that
//! nobody knows. What was fetched last stays trusted while fetches fail.

use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};
use url::{Host, Url};

use super::{Authenticator, jwks};
use crate::limits::{
    JWKS_BYTES_MAX, JWKS_FETCH_TIMEOUT, JWKS_FIRST_FETCHES_MAX, JWKS_RETRY_INTERVAL, JWKS_UNKNOWN_KID_INTERVAL,
};

/// Where an issuer publishes its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwksUrl(Url);

impl FromStr for JwksUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let url =
            Url::parse(text).map_err(|error| format!("{error}; give one such as https://issuer.example/jwks.json"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must hold no user name or password".to_owned());
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_this_machine(&url) => Ok(Self(url)),
            "http" => Err("keys that come over http can be forged on the way; give an https URL".to_owned()),
            _ => Err("its scheme is not https".to_owned()),
        }
    }
}

/// Why the keys could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("--trusted-jwks-url: cannot get keys from {url}: {cause}; {mend}")]
pub struct FetchError {
    url: Url,
    cause: String,
    mend: &'static str,
}

/// Fetches the keys and hands them to an [`Authenticator`].
pub struct Fetcher {
    http: reqwest::Client,
    url: Url,
    interval: Duration,
    asked: Arc<Asked>,
    auth: Arc<Authenticator>,
}

/// Asks for a fetch out of turn.
#[derive(Clone)]
pub(super) struct Asking(Arc<Asked>);

struct Asked {
    wake: Notify,
    /// How many fetches have ended.
    ended: watch::Sender<u64>,
    unknown_kid: Mutex<UnknownKid>,
}

/// The last fetch for the sake of a token whose `kid` nobody knew.
#[derive(Default)]
struct UnknownKid {
    asked_at: Option<Instant>,
    is_under_way: bool,
}

impl Asking {
    /// Waits for a fetch, if there was none for this cause lately.
    pub(super) async fn ask(&self) {
        let mut ended = self.0.ended.subscribe();
        if self.0.may_ask() {
            self.0.wake.notify_one();
            // One may be under way that began before the question.
            let _ = timeout(2 * JWKS_FETCH_TIMEOUT, ended.changed()).await;
        }
    }
}

impl Asked {
    /// Whether a fetch for an unknown `kid` may be waited for; the first who asks brings it about.
    fn may_ask(&self) -> bool {
        let mut last = self.unknown_kid.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.is_under_way && last.asked_at.is_none_or(|at| at.elapsed() >= JWKS_UNKNOWN_KID_INTERVAL) {
            *last = UnknownKid { asked_at: Some(Instant::now()), is_under_way: true };
        }
        last.is_under_way
    }

    fn end(&self) {
        self.unknown_kid.lock().unwrap_or_else(PoisonError::into_inner).is_under_way = false;
        self.ended.send_modify(|ended| *ended += 1);
    }
}

impl Fetcher {
    /// Makes `auth` trust what is published at `url` as well. Error: the HTTP client cannot start.
    pub fn new(mut auth: Authenticator, url: JwksUrl, interval: Duration) -> Result<Self, FetchError> {
        let JwksUrl(url) = url;
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(JWKS_FETCH_TIMEOUT)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("verbatim/", env!("CARGO_PKG_VERSION")));
        if is_this_machine(&url) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| FetchError {
            url: url.clone(),
            cause: causes(&error),
            mend: "install the system's trusted certificates, or name them in SSL_CERT_FILE",
        })?;
        let asked = Asked { wake: Notify::new(), ended: watch::Sender::new(0), unknown_kid: Mutex::default() };
        let asked = Arc::new(asked);
        auth.asking = Some(Asking(Arc::clone(&asked)));
        Ok(Self { http, url, interval, asked, auth: Arc::new(auth) })
    }

    /// Whom it hands the keys to.
    pub fn authenticator(&self) -> Arc<Authenticator> {
        Arc::clone(&self.auth)
    }

    /// Brings a fetch about whenever it is called.
    pub fn waker(&self) -> impl Fn() + Send + 'static {
        let asked = Arc::clone(&self.asked);
        move || asked.wake.notify_one()
    }

    /// Fetches the keys for the first time.
    pub async fn first(&self) -> Result<(), FetchError> {
        let mut attempt = 1;
        loop {
            match self.fetch().await {
                Ok(_) => return Ok(()),
                Err(error) if attempt >= JWKS_FIRST_FETCHES_MAX => return Err(error),
                Err(error) => tracing::warn!(%error, attempt, "the keys are asked for again"),
            }
            sleep(Duration::from_secs(1)).await;
            attempt += 1;
        }
    }

    /// Keeps them current. Never ends.
    pub async fn keep_current(self) {
        let mut last_error = None;
        loop {
            let pause = if last_error.is_none() { self.interval } else { self.interval.min(JWKS_RETRY_INTERVAL) };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.asked.wake.notified() => {}
            }
            match self.fetch().await {
                Ok(is_new) => {
                    if is_new {
                        tracing::info!(url = %self.url, "the issuer's keys have changed");
                    } else if last_error.is_some() {
                        tracing::info!(url = %self.url, "the issuer's keys can be fetched again");
                    }
                    last_error = None;
                }
                Err(error) => {
                    let error = error.to_string();
                    if last_error.as_ref() != Some(&error) {
                        tracing::warn!(%error, "the keys that were fetched last stay trusted");
                    }
                    last_error = Some(error);
                }
            }
            self.asked.end();
        }
    }

    /// Fetches them once. Gives whether they have changed.
    async fn fetch(&self) -> Result<bool, FetchError> {
        let failed = |cause: String| FetchError {
            url: self.url.clone(),
            cause,
            mend: "check the URL and that this machine reaches it; it must answer 200 with a JWKS",
        };
        let text = self.get().await.map_err(failed)?;
        let keys = jwks::published(&text).map_err(failed)?;
        Ok(self.auth.trust.publish(keys))
    }

    async fn get(&self) -> Result<Vec<u8>, String> {
        let mut answer = self.http.get(self.url.clone()).send().await.map_err(|error| causes(&error))?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("it answered {}", answer.status()));
        }
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| causes(&error))? {
            if text.len() + chunk.len() > JWKS_BYTES_MAX {
                return Err(format!("it is larger than {JWKS_BYTES_MAX} bytes"));
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The innermost cause, which says the most.
fn causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for good in
            ["https://issuer.example/jwks.json", "http://127.0.0.1:1/", "http://[::1]/k", "http://localhost:8/k"]
        {
            assert!(good.parse::<JwksUrl>().is_ok(), "{good}");
        }
        for bad in
            ["http://issuer.example/", "http://127.0.0.1.example/", "ftp://h/", "https://me:secret@h/", "jwks.json", ""]
        {
            let error = bad.parse::<JwksUrl>().expect_err(bad);
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_kid_is_looked_for_once_in_a_while() {
        let asked = Asked { wake: Notify::new(), ended: watch::Sender::new(0), unknown_kid: Mutex::default() };
        assert!(asked.may_ask() && asked.may_ask(), "whoever comes while it is under way waits too");
        asked.end();
        assert!(!asked.may_ask());
        tokio::time::advance(JWKS_UNKNOWN_KID_INTERVAL).await;
        assert!(asked.may_ask());
    }
}
