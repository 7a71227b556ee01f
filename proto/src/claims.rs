//! What a token says: whose it is, which session it is for, and what its bearer may do.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{OrganizationId, SessionId};

/// The claims of a token (PROTOCOL.md, Who may call). With `session_id` it is a session token, without an access token.
///
/// Times are NumericDates (RFC 7519, section 2): whole seconds since 1970, a fraction cut off. `iss` and `aud` are checked
/// where the token is verified and are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The organisation whose sessions the token reaches.
    pub organization_uuid: OrganizationId,
    /// The one session that a session token reaches. `null` is refused: a token must not widen by mistake.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub session_id: Option<SessionId>,
    /// What the bearer may do; where absent, see [`Claims::scopes`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub scope: Option<Scopes>,
    /// When the token ceases to hold (RFC 7519, section 4.1.4).
    #[serde(deserialize_with = "numeric_date")]
    pub exp: u64,
    /// When it begins to hold (RFC 7519, section 4.1.5).
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "numeric_date_present")]
    pub nbf: Option<u64>,
    /// When it was made (RFC 7519, section 4.1.6).
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "numeric_date_present")]
    pub iat: Option<u64>,
    /// Whom it was made for, for the audit trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The token's own id, by which it can be revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

impl Claims {
    /// What the bearer may do: as `scope` says; without it a session token reads and appends, an access token reads.
    pub fn scopes(&self) -> Scopes {
        match (self.scope, &self.session_id) {
            (Some(scopes), _) => scopes,
            (None, Some(_)) => Scopes::of(&[Scope::Append, Scope::Read]),
            (None, None) => Scopes::of(&[Scope::Read]),
        }
    }
}

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumericDate {
        Whole(u64),
        Fraction(f64),
    }
    match NumericDate::deserialize(deserializer)? {
        NumericDate::Whole(seconds) => Ok(seconds),
        // As casts saturate, a time before 1970 is 0, long past, and one beyond counting is never reached.
        NumericDate::Fraction(seconds) => Ok(seconds as u64),
    }
}

fn numeric_date_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    numeric_date(deserializer).map(Some)
}

/// One word of `scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Reads.
    Read,
    /// Appending, creating, patching and forking.
    Append,
    /// The rest: ending, deleting, redacting, resetting.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Append, Self::Admin];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Append => "append",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Append => 2,
            Self::Admin => 4,
        }
    }
}

/// A set of [`Scope`]s. On the wire: words parted by spaces (RFC 8693, section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// The set of these scopes.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Whether the set has `scope`.
    pub fn allows(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// As a token says it: words of other systems are passed over, and grant nothing.
    pub fn from_claim(words: &str) -> Self {
        let known = words.split(' ').filter_map(|word| word.parse::<Scope>().ok());
        Self(known.fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// Not a scope that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one or more of read, append and admin, parted by commas or spaces")]
pub struct ScopeError;

impl FromStr for Scope {
    type Err = ScopeError;
    fn from_str(word: &str) -> Result<Self, ScopeError> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or(ScopeError)
    }
}

/// As a person says it: commas or spaces part the words, and every word must be known.
impl FromStr for Scopes {
    type Err = ScopeError;
    fn from_str(words: &str) -> Result<Self, ScopeError> {
        let words = words.split([',', ' ']).filter(|word| !word.is_empty());
        let bits = words.map(|word| word.parse::<Scope>().map(Scope::bit)).try_fold(0, |bits, bit| Ok(bits | bit?))?;
        if bits == 0 { Err(ScopeError) } else { Ok(Self(bits)) }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = Scope::ALL.into_iter().filter(|scope| self.allows(*scope)).map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(Self::from_claim(&words))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claims(json: &str) -> Result<Claims, serde_json::Error> {
        serde_json::from_str(json)
    }

    proptest! {
        #[test]
        fn claims_round_trip(org: [u8; 16], id in prop::option::of("[a-z0-9]{1,9}"), bits in prop::option::of(0u8..8), exp: u64, sub: Option<String>) {
            let claims = Claims {
                organization_uuid: OrganizationId::from_bytes(org),
                session_id: id.map(|id| SessionId::new(&id)).transpose()?,
                scope: bits.map(Scopes),
                exp,
                nbf: Some(exp / 2),
                iat: None,
                sub,
                jti: None,
            };
            prop_assert_eq!(serde_json::from_str::<Claims>(&serde_json::to_string(&claims)?)?, claims);
        }

        #[test]
        fn scopes_round_trip_and_are_total(text in "(read|append|admin|other|,| ){0,8}") {
            let scopes = Scopes::from_claim(&text);
            prop_assert_eq!(Scopes::from_claim(&scopes.to_string()), scopes);
            if let Ok(stated) = text.parse::<Scopes>() {
                prop_assert_eq!(stated.to_string().parse::<Scopes>()?, stated);
            }
        }
    }

    #[test]
    fn what_an_absent_scope_means_depends_on_the_kind_of_token() {
        let org = "0190d3a5-7c1e-7000-8000-000000000000";
        let access = claims(&format!(r#"{{"organization_uuid":"{org}","exp":1}}"#)).expect("access");
        assert_eq!(access.scopes().to_string(), "read");
        let session = claims(&format!(r#"{{"organization_uuid":"{org}","session_id":"s","exp":1}}"#)).expect("session");
        assert_eq!(session.scopes().to_string(), "read append");
        let none =
            claims(&format!(r#"{{"organization_uuid":"{org}","session_id":"s","exp":1,"scope":""}}"#)).expect("none");
        assert_eq!(none.scopes(), Scopes::default());
    }

    #[test]
    fn claims_out_of_form_are_refused() {
        let org = "0190d3a5-7c1e-7000-8000-000000000000";
        for bad in [
            r#"{"exp":1}"#.to_owned(),
            format!(r#"{{"organization_uuid":"{org}"}}"#),
            r#"{"organization_uuid":"acme","exp":1}"#.to_owned(),
            format!(r#"{{"organization_uuid":"{org}","exp":1,"session_id":null}}"#),
            format!(r#"{{"organization_uuid":"{org}","exp":1,"session_id":"a/b"}}"#),
            format!(r#"{{"organization_uuid":"{org}","exp":1,"scope":["read"]}}"#),
        ] {
            assert!(claims(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_may_have_fractions() {
        let org = "0190d3a5-7c1e-7000-8000-000000000000";
        let claims = claims(&format!(r#"{{"organization_uuid":"{org}","exp":1.9,"nbf":-3}}"#)).expect("claims");
        assert_eq!((claims.exp, claims.nbf), (1, Some(0)));
    }

    #[test]
    fn people_may_part_scopes_by_commas_and_must_spell_them() {
        assert_eq!("append,read".parse::<Scopes>().map(|scopes| scopes.to_string()), Ok("read append".to_owned()));
        assert_eq!("".parse::<Scopes>(), Err(ScopeError));
        assert_eq!("write".parse::<Scopes>(), Err(ScopeError));
    }
}
