//! The name of an entry on the wire: its uuid, or its place in the chain.

use std::{fmt, str::FromStr};

use super::{EntryUuid, IdError};

/// An entry's uuid, or `~SEQ`. As no uuid may begin with `~`, the two cannot be taken for each other. An entry with a
/// uuid can be named by its place as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventId {
    /// The entry with this uuid.
    Uuid(EntryUuid),
    /// The entry at this place, from 0.
    Seq(u64),
}

impl FromStr for EventId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let Some(seq) = text.strip_prefix('~') else {
            return EntryUuid::new(text).map(Self::Uuid).map_err(|_| IdError::EventId);
        };
        // One spelling a place: the one that answers use.
        let digits = seq.bytes().all(|byte| byte.is_ascii_digit()) && (seq == "0" || !seq.starts_with('0'));
        seq.parse().ok().filter(|_| digits).map(Self::Seq).ok_or(IdError::EventId)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Seq(seq) => write!(f, "~{seq}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(text in "[!-}][!-~]{0,63}", seq: u64) {
            for id in [EventId::Uuid(EntryUuid::new(&text)?), EventId::Seq(seq)] {
                prop_assert_eq!(id.to_string().parse(), Ok(id));
            }
        }

        #[test]
        fn any_text_is_taken_as_it_stands_or_refused(text in "~?[0-9+-]{0,3}.{0,20}") {
            if let Ok(id) = text.parse::<EventId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn a_place_has_one_spelling() {
        for bad in ["", "~", "~00", "~01", "~+1", "~-1", "~ 1", "~1.0", "~18446744073709551616", "~~1", "a b"] {
            assert_eq!(bad.parse::<EventId>(), Err(IdError::EventId), "{bad:?}");
        }
        assert_eq!("~0".parse(), Ok(EventId::Seq(0)));
        assert_eq!("~18446744073709551615".parse(), Ok(EventId::Seq(u64::MAX)));
    }
}
