//! Certificates of the test's own making, each signed by an authority that nobody else knows.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// One that signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, in PEM.
    pub pem: String,
    /// Its private key, in PEM.
    pub key: String,
    /// The certificate as it goes over the wire.
    pub der: Vec<u8>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

impl Default for Authority {
    fn default() -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.distinguished_name.push(DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key pair");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }
}

impl Authority {
    /// Its own certificate, in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for a server on the loopback address.
    pub fn server(&self) -> Certificate {
        self.sign(&["127.0.0.1", "localhost"], ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate for a client.
    pub fn client(&self) -> Certificate {
        self.sign(&["client.example"], ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, names: &[&str], usage: ExtendedKeyUsagePurpose) -> Certificate {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().expect("a key pair");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certificate { pem: certificate.pem(), key: key.serialize_pem(), der: certificate.der().to_vec() }
    }
}

impl Certificate {
    /// Certificate and key in one PEM text.
    pub fn both(&self) -> String {
        format!("{}{}", self.pem, self.key)
    }

    /// Writes `cert.pem` and `key.pem` into `folder`, each replaced as a whole; gives where they are.
    pub fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let write = |name: &str, text: &str| replace(&folder.join(name), text);
        (write("cert.pem", &self.pem), write("key.pem", &self.key))
    }
}

/// Replaces a file as a whole, as those who rotate keys do.
pub fn replace(path: &Path, text: &str) -> PathBuf {
    let new = path.with_extension("new");
    std::fs::write(&new, text).expect("write a file");
    std::fs::rename(&new, path).expect("rename a file");
    path.to_owned()
}
