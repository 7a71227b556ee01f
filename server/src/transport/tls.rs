//! TLS: the certificate, its key, and whose clients are let in, from PEM files that may be replaced while the server runs.
//! A connection keeps what it began with; those that come after a replacement go by the new files.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::WebPkiClientVerifier,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What is offered by ALPN (RFC 7301), the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where certificate, key and client authorities lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate and those between it and its authority, in that order.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities of which every client must have a certificate; none where clients need none.
    pub client_ca: Option<PathBuf>,
}

/// Why the files are of no use. It never holds key material.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{flag}: cannot read {}: {cause}", path.display())]
    Read {
        /// The setting that names it.
        flag: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{flag}: {} does not hold {wanted}: {cause}", path.display())]
    Malformed {
        /// The setting that names it.
        flag: &'static str,
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What was wrong.
        cause: String,
    },
    /// Certificate and key do not go together, or are of a kind that is not known.
    #[error(
        "--tls-cert {} and --tls-key {} cannot be used together: {cause}; give a certificate and its own key",
        certificate.display(), key.display()
    )]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's.
        key: PathBuf,
        /// What was wrong.
        cause: rustls::Error,
    },
}

impl TlsFiles {
    /// All of them.
    pub fn paths(&self) -> Vec<PathBuf> {
        [&self.certificate, &self.key].into_iter().chain(&self.client_ca).cloned().collect()
    }

    /// Reads and checks them.
    pub fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let pair = |cause| TlsError::Pair { certificate: self.certificate.clone(), key: self.key.clone(), cause };
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(pair)?;
        let config = match &self.client_ca {
            None => config.with_no_client_auth(),
            Some(path) => {
                let wanted = "certificates of authorities in PEM";
                let wrong =
                    |cause: String| TlsError::Malformed { flag: "--tls-client-ca", path: path.clone(), wanted, cause };
                let mut roots = RootCertStore::empty();
                for certificate in certificates("--tls-client-ca", path)? {
                    roots.add(certificate).map_err(|cause| wrong(cause.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                config.with_client_cert_verifier(verifier.map_err(|cause| wrong(cause.to_string()))?)
            }
        };
        let chain = certificates("--tls-cert", &self.certificate)?;
        let mut config = config.with_single_cert(chain, private_key(&self.key)?).map_err(pair)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Arc::new(config))
    }
}

fn certificates(flag: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wanted = "certificates in PEM";
    let wrong = |cause: String| TlsError::Malformed { flag, path: path.to_owned(), wanted, cause };
    let pem = read(flag, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong("there is none in it".to_owned())),
        Ok(found) => Ok(found),
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let flag = "--tls-key";
    PrivateKeyDer::from_pem_slice(&read(flag, path)?).map_err(|error| {
        let cause = match error {
            pem::Error::NoItemsFound => "there is none in it".to_owned(),
            error => error.to_string(),
        };
        TlsError::Malformed { flag, path: path.to_owned(), wanted: "a private key in PEM, not encrypted", cause }
    })
}

fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|cause| TlsError::Read { flag, path: path.to_owned(), cause })
}

/// What new connections go by.
pub struct Tls {
    config: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Goes by `config`.
    pub fn new(config: Arc<ServerConfig>) -> Self {
        Self { config: ArcSwap::new(config) }
    }

    /// Goes by `config` from the next connection on. Sessions that clients could resume are forgotten.
    pub fn replace(&self, config: Arc<ServerConfig>) {
        self.config.store(config);
    }

    /// Agrees on keys with the other end.
    pub(super) async fn agree<S>(&self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let agreed = TlsAcceptor::from(self.config.load_full()).accept(stream).await;
        agreed.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => std::io::Error::new(error.kind(), "it closed before TLS was agreed on"),
            _ => error,
        })
    }
}
