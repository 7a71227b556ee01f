//! The data folder's own signing key and organisation: what lets one machine run and be used with no other set-up.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use uuid::Uuid;
use verbatim_proto::{Claims, OrganizationId};

const KEY_FILE: &str = "signing.key";
const ORGANIZATION_FILE: &str = "organization";
/// As long as the hash, as RFC 7518, section 3.2, asks for at least.
const KEY_BYTES: usize = 32;
/// The `kid` of tokens signed with it.
pub(super) const KEY_ID: &str = "local";

/// The key that signs and verifies the data folder's own tokens (HS256), and the organisation they are for by default.
pub struct LocalKey {
    secret: [u8; KEY_BYTES],
    organization: OrganizationId,
}

/// Why the key cannot be had. It never holds key material.
#[derive(Debug, thiserror::Error)]
pub enum LocalKeyError {
    /// There is none yet.
    #[error("there is no signing key in {}; start `verbatim serve --data-dir {}` once, which makes it", .0.display(), .0.display())]
    Missing(PathBuf),
    /// A folder with data in it has lost one of them. Making a new one would hide every session or void every token.
    #[error("{} is missing from a data folder that has been used; put it back from a backup", .0.display())]
    Lost(PathBuf),
    /// A file cannot be read or made.
    #[error("cannot {verb} {}: {cause}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} does not hold {wanted}; put the right file back from a backup", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A token could not be signed.
    #[error("cannot sign a token: {0}")]
    Sign(String),
}

impl LocalKey {
    /// Reads the key of a data folder that a server has used before.
    pub fn read(data_dir: &Path) -> Result<Self, LocalKeyError> {
        let key_path = data_dir.join(KEY_FILE);
        let text = match fs::read_to_string(&key_path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LocalKeyError::Missing(data_dir.to_owned()));
            }
            Err(cause) => return Err(LocalKeyError::File { verb: "read", path: key_path, cause }),
        };
        let secret = from_hex(text.trim_end())
            .ok_or(LocalKeyError::Malformed { path: key_path, wanted: "a key of 64 hexadecimal digits" })?;
        let path = data_dir.join(ORGANIZATION_FILE);
        let text = fs::read_to_string(&path).map_err(|cause| LocalKeyError::File {
            verb: "read",
            path: path.clone(),
            cause,
        })?;
        let organization = text.trim_end().parse();
        let organization = organization.map_err(|_| LocalKeyError::Malformed { path, wanted: "a UUID" })?;
        Ok(Self { secret, organization })
    }

    /// Reads the key, having made it and the organisation where there are none. What it made is synced.
    ///
    /// `used` says that the folder has held data before: then nothing is made.
    pub fn read_or_make(data_dir: &Path, used: bool) -> Result<Self, LocalKeyError> {
        for name in [ORGANIZATION_FILE, KEY_FILE] {
            if used && !data_dir.join(name).exists() {
                return Err(LocalKeyError::Lost(data_dir.join(name)));
            }
        }
        let organization = OrganizationId::from(Uuid::new_v4());
        make(data_dir, ORGANIZATION_FILE, 0o644, || Ok(organization.to_string()))?;
        make(data_dir, KEY_FILE, 0o600, || {
            let mut secret = [0; KEY_BYTES];
            SystemRandom::new().fill(&mut secret).map_err(|_| io::Error::other("the system gave no random bytes"))?;
            Ok(to_hex(&secret))
        })?;
        warn_if_others_may_read(&data_dir.join(KEY_FILE));
        Self::read(data_dir)
    }

    /// The organisation that tokens are for unless another is named.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Signs a token.
    pub fn mint(&self, claims: &Claims) -> Result<String, LocalKeyError> {
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, claims, &EncodingKey::from_secret(&self.secret))
            .map_err(|error| LocalKeyError::Sign(error.to_string()))
    }

    /// Trusts tokens that this key signed.
    pub fn add_to(&self, keys: &mut super::KeyRing) {
        keys.add_secret(Some(KEY_ID), &self.secret);
    }
}

/// Makes a file with one line in it, unless it is there: whole and synced, or not at all.
fn make(folder: &Path, name: &str, mode: u32, line: impl FnOnce() -> io::Result<String>) -> Result<(), LocalKeyError> {
    let path = folder.join(name);
    let made = || -> io::Result<()> {
        if path.try_exists()? {
            return Ok(());
        }
        let new = folder.join(format!("{name}.new"));
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(&new)?;
        writeln!(file, "{}", line()?)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    };
    made().map_err(|cause| LocalKeyError::File { verb: "make", path, cause })
}

fn warn_if_others_may_read(path: &Path) {
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        tracing::warn!(file = %path.display(), "others may read the signing key and so sign tokens; run chmod 600 on it");
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
