//! TLS as the client sees it: what it was given in PEM, and what it says when the two ends cannot agree.

use std::{error::Error, io, iter::successors};

use rustls::{
    AlertDescription, RootCertStore,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject, SectionKind},
    },
};

/// The authorities in a PEM text.
pub(crate) fn authorities(text: &[u8]) -> Result<Vec<reqwest::Certificate>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err("there is none".to_owned());
    }
    let mut checked = RootCertStore::empty();
    found
        .into_iter()
        .map(|der| {
            checked.add(der.clone()).map_err(|error| error.to_string())?;
            reqwest::Certificate::from_der(&der).map_err(|error| error.to_string())
        })
        .collect()
}

/// The certificate and key in a PEM text. Other sections, such as the parameters that some tools write, are passed over.
pub(crate) fn identity(text: &[u8]) -> Result<reqwest::Identity, String> {
    let mut rest = text;
    let mut kept = Vec::new();
    let mut certificates = 0;
    loop {
        let before = rest;
        match pem::from_buf(&mut rest).map_err(|error| format!("{error:?}"))? {
            None => break,
            Some((SectionKind::Certificate, der)) => {
                RootCertStore::empty().add(der.into()).map_err(|error| error.to_string())?;
                certificates += 1;
            }
            Some((SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey, _)) => {}
            Some(_) => continue,
        }
        kept.extend_from_slice(&before[..before.len() - rest.len()]);
    }
    if certificates == 0 {
        return Err("there is no certificate".to_owned());
    }
    reqwest::Identity::from_pem(&kept).map_err(|_| "there is no private key".to_owned())
}

/// Why TLS could not be agreed on, and what to do, where that is what went wrong. The server has read no request then: a
/// certificate is looked at before the first one alone, as this client offers none later (RFC 8446, section 4.6.2).
pub(crate) fn disagreement(error: &reqwest::Error) -> Option<String> {
    let is_connecting = error.is_connect();
    let error = successors(error.source(), |&cause| cause.source()).find_map(as_tls)?;
    let mend = match error {
        rustls::Error::InvalidCertificate(_) => {
            "check that the URL has the name in its certificate, and trust the authority that signed it"
        }
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA,
        ) => "show a client certificate of an authority that the server trusts",
        rustls::Error::InvalidMessage(_) if is_connecting => "does the server speak TLS there?",
        _ => return None,
    };
    Some(format!("{error}; {mend}"))
}

/// What an I/O error was made from is not among its causes, and may be an I/O error again.
fn as_tls<'a>(mut cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = inner;
    }
    cause.downcast_ref()
}
