//! Amounts as people write them: `16MiB`, `30s`.

use std::{str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, de::Error};

/// An amount of bytes: a number, or one with a unit such as `64KiB`, `16MiB`, `1GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// A length of time such as `30s`, `5m`, `1h30m`, `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl FromStr for Bytes {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "give bytes as a number, or with a unit such as 64KiB or 16MiB";
        text.parse::<bytesize::ByteSize>().map(|size| Self(size.as_u64())).map_err(|_| wanted.to_owned())
    }
}

impl FromStr for Seconds {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "give a length of time with its unit, such as 30s, 5m, 1h or 7d";
        let span = text.parse::<jiff::Span>().map_err(|_| wanted)?;
        let time = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wanted)?;
        Duration::try_from(time).map(Self).map_err(|_| wanted.to_owned())
    }
}

/// A text, or a plain number of the unit.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a whole number, or a text with a unit such as \"16MiB\" or \"30s\"")]
enum Written {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(bytes) => Ok(Self(bytes)),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(seconds) => Ok(Self(Duration::from_secs(seconds))),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}
