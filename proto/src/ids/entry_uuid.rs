//! The uuid of an entry: what `Last-Uuid` names and what makes a retry recognisable.

use std::{fmt, str::FromStr};

use arrayvec::ArrayString;
use serde::{Deserialize, Serialize};

use super::{IdError, is_visible_ascii};
use crate::limits::ENTRY_UUID_BYTES_MAX;

/// A UUID of any version, or else 1 to 64 visible ASCII characters that do not begin with `~`; compared and echoed
/// exactly as sent (PROTOCOL.md, Terms). Held inline and `Copy`, so that moving a head allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryUuid(ArrayString<ENTRY_UUID_BYTES_MAX>);

impl EntryUuid {
    /// Checks the form. Error: [`IdError::EntryUuid`].
    pub fn new(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.starts_with('~') || !is_visible_ascii(text.as_bytes()) {
            return Err(IdError::EntryUuid);
        }
        ArrayString::from(text).map(Self).map_err(|_| IdError::EntryUuid)
    }

    /// The uuid exactly as sent.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for EntryUuid {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl TryFrom<String> for EntryUuid {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(&text)
    }
}

impl From<EntryUuid> for String {
    fn from(uuid: EntryUuid) -> Self {
        uuid.as_str().to_owned()
    }
}

impl fmt::Display for EntryUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for EntryUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
