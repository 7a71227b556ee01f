//! TLS from the client's side: whom it trusts, what it shows, what it offers to speak.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;

use crate::certificates::{Authority, Certificate};

/// A connection, under TLS or not.
pub type Socket = Either<TcpStream, TlsStream<TcpStream>>;

/// How a client speaks TLS.
#[derive(Clone)]
pub struct Tls(Arc<ClientConfig>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Trusts `authority` alone and shows no certificate. Speaks HTTP/1.1.
    pub fn new(authority: &Authority) -> Self {
        Self::build(authority, None)
    }

    /// Shows a certificate.
    pub fn showing(authority: &Authority, certificate: &Certificate) -> Self {
        Self::build(authority, Some(certificate))
    }

    fn build(authority: &Authority, shown: Option<&Certificate>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).expect("PEM")).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match shown {
            None => config.with_no_client_auth(),
            Some(shown) => {
                let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).expect("a key");
                config.with_client_auth_cert(vec![shown.der.clone().into()], key).expect("a client certificate")
            }
        };
        Self(Arc::new(config)).offering(&["http/1.1"])
    }

    /// The same, offering these protocols (RFC 7301).
    #[must_use]
    pub fn offering(&self, protocols: &[&str]) -> Self {
        let mut config = ClientConfig::clone(&self.0);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Self(Arc::new(config))
    }

    /// Connects. With TLS 1.3 a server that refuses the client's certificate says so only afterwards.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        TlsConnector::from(Arc::clone(&self.0)).connect(ServerName::from(address.ip()), socket).await
    }

    /// The certificate that the server shows.
    pub async fn shown_by(&self, address: SocketAddr) -> io::Result<Vec<u8>> {
        let stream = self.connect(address).await?;
        Ok(stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec())
    }
}

/// Connects, under TLS where there is `tls`.
pub async fn socket(address: SocketAddr, tls: Option<&Tls>) -> io::Result<Socket> {
    match tls {
        Some(tls) => tls.connect(address).await.map(Either::Right),
        None => {
            let socket = TcpStream::connect(address).await?;
            socket.set_nodelay(true)?;
            Ok(Either::Left(socket))
        }
    }
}

/// What both ends agreed to speak.
pub fn protocol(socket: &Socket) -> Option<&[u8]> {
    match socket {
        Either::Left(_) => None,
        Either::Right(stream) => stream.get_ref().1.alpn_protocol(),
    }
}
