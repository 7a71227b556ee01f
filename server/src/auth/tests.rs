//! Tokens that hold and tokens that do not, at a clock that stands still.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use verbatim_proto::{Scope, Timestamp};

use super::*;

const NOW: u64 = 1_000_000;
const ORG: &str = "0190d3a5-7c1e-7000-8000-000000000000";

struct At(u64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0 as i64 * 1_000_000)
    }
}

fn authenticator(rules: &TokenRules) -> Authenticator {
    authenticator_at(rules, Arc::new(At(NOW)))
}

fn authenticator_at(rules: &TokenRules, clock: Arc<dyn Clock>) -> Authenticator {
    let mut keys = KeyRing::default();
    keys.add_secret(Some("a"), b"secret-of-a");
    keys.add_secret(None, b"secret-of-none");
    Authenticator::new(keys, rules, clock)
}

fn claims() -> Value {
    json!({"organization_uuid": ORG, "exp": NOW + 1})
}

fn signed(claims: &Value, kid: Option<&str>, secret: &[u8]) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::HS256) };
    encode(&header, claims, &EncodingKey::from_secret(secret)).expect("sign")
}

fn outcome(rules: &TokenRules, token: &str) -> Result<Caller, Unauthenticated> {
    let header = format!("Bearer {token}");
    authenticator(rules).authenticate([header.as_bytes()].into_iter())
}

fn with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    signed(&claims, Some("a"), b"secret-of-a")
}

#[test]
fn keys_are_chosen_by_kid_and_those_without_are_tried() {
    let rules = TokenRules::default();
    for (kid, secret, holds) in [
        (Some("a"), &b"secret-of-a"[..], true),
        (None, b"secret-of-a", true),
        (Some("a"), b"secret-of-none", true),
        (Some("b"), b"secret-of-none", true),
        (Some("b"), b"secret-of-a", false),
        (Some("a"), b"another", false),
    ] {
        let token = signed(&claims(), kid, secret);
        assert_eq!(
            outcome(&rules, &token).map(drop),
            if holds { Ok(()) } else { Err(Unauthenticated::Untrusted) },
            "{kid:?}"
        );
    }
}

#[test]
fn times_are_those_of_the_clock_to_the_second() {
    let rules = TokenRules::default();
    assert!(outcome(&rules, &with("exp", json!(NOW + 1))).is_ok());
    assert_eq!(outcome(&rules, &with("exp", json!(NOW))).map(drop), Err(Unauthenticated::Expired));
    assert!(outcome(&rules, &with("nbf", json!(NOW))).is_ok());
    assert_eq!(outcome(&rules, &with("nbf", json!(NOW + 1))).map(drop), Err(Unauthenticated::Early));
    let lenient = TokenRules { leeway_seconds: 5, ..TokenRules::default() };
    assert!(outcome(&lenient, &with("exp", json!(NOW - 4))).is_ok());
    assert!(outcome(&lenient, &with("nbf", json!(NOW + 5))).is_ok());
    assert_eq!(outcome(&lenient, &with("exp", json!(NOW - 5))).map(drop), Err(Unauthenticated::Expired));
}

/// A clock that goes on by a second each time it is looked at.
struct Ticking(std::sync::atomic::AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let seconds = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Timestamp::from_micros(seconds as i64 * 1_000_000)
    }
}

#[test]
fn a_token_that_was_verified_before_still_expires() {
    let auth = authenticator_at(&TokenRules::default(), Arc::new(Ticking(NOW.into())));
    let header = format!("Bearer {}", with("exp", json!(NOW + 2)));
    let check = || auth.authenticate([header.as_bytes()].into_iter()).map(drop);
    assert_eq!((check(), check(), check()), (Ok(()), Ok(()), Err(Unauthenticated::Expired)));
}

#[test]
fn issuer_and_audience_are_required_where_configured() {
    let rules = TokenRules { issuer: Some("i".to_owned()), audience: Some("v".to_owned()), leeway_seconds: 0 };
    for (iss, aud, holds) in [
        (json!("i"), json!("v"), true),
        (json!("i"), json!(["x", "v"]), true),
        (json!("j"), json!("v"), false),
        (json!("i"), json!("w"), false),
        (Value::Null, json!("v"), false),
        (json!("i"), Value::Null, false),
    ] {
        let mut claims = claims();
        if !iss.is_null() {
            claims["iss"] = iss;
        }
        if !aud.is_null() {
            claims["aud"] = aud;
        }
        let token = signed(&claims, Some("a"), b"secret-of-a");
        assert_eq!(outcome(&rules, &token).is_ok(), holds, "{claims}");
    }
    let elsewhere = with("aud", json!("elsewhere"));
    assert!(outcome(&TokenRules::default(), &elsewhere).is_ok(), "an audience nobody asked for does no harm");
}

#[test]
fn the_header_of_a_token_chooses_nothing() {
    use base64_url as b64;
    let payload = b64(claims().to_string().as_bytes());
    let none = format!("{}.{payload}.", b64(br#"{"alg":"none"}"#));
    let hs384 =
        encode(&Header::new(Algorithm::HS384), &claims(), &EncodingKey::from_secret(b"secret-of-none")).expect("sign");
    for token in [none.as_str(), &hs384, "a.b.c", "..", "."] {
        assert_eq!(outcome(&TokenRules::default(), token).map(drop), Err(Unauthenticated::Untrusted), "{token}");
    }
}

#[test]
fn claims_out_of_form_are_said_to_be() {
    for token in [with("organization_uuid", json!("acme")), with("session_id", Value::Null), with("exp", json!("soon"))]
    {
        assert_eq!(outcome(&TokenRules::default(), &token).map(drop), Err(Unauthenticated::Claims));
    }
}

#[test]
fn one_bearer_header_is_wanted() {
    let auth = authenticator(&TokenRules::default());
    let good = format!("bearer  {}", with("sub", json!("me")));
    let long = format!("Bearer {}", "a".repeat(TOKEN_BYTES_MAX));
    let check = |headers: &[&str]| auth.authenticate(headers.iter().map(|header| header.as_bytes())).map(drop);
    assert_eq!(check(&[&good]), Ok(()));
    assert_eq!(check(&[]), Err(Unauthenticated::Missing));
    for headers in [
        &[good.as_str(), good.as_str()][..],
        &["Basic abc"],
        &["Bearer"],
        &["Bearer "],
        &["Bearer a b"],
        &[long.as_str()],
    ] {
        assert_eq!(check(headers), Err(Unauthenticated::Malformed));
    }
}

#[test]
fn a_session_token_is_for_its_session_alone() {
    let caller = outcome(&TokenRules::default(), &with("session_id", json!("s"))).expect("caller");
    assert_eq!(caller.may(Scope::Append, "s"), Ok(()));
    assert_eq!(caller.may(Scope::Read, "t"), Err(Forbidden::Session));
    assert_eq!(caller.may(Scope::Admin, "s"), Err(Forbidden::Scope(Scope::Admin)));
    let caller = outcome(&TokenRules::default(), &with("scope", json!("append"))).expect("caller");
    assert_eq!(caller.may(Scope::Append, "any"), Ok(()));
    assert_eq!(caller.may(Scope::Read, "any"), Err(Forbidden::Scope(Scope::Read)));
    assert_eq!(caller.in_organization(Some(ORG.to_uppercase().as_bytes())), Ok(()));
    assert_eq!(caller.in_organization(Some(b"acme")), Err(Forbidden::Organization));
}

/// base64url without padding, as RFC 7515, section 2, has it; spelled out, so that a hostile token owes nothing to a library.
fn base64_url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |bits: u32| char::from(ALPHABET[bits as usize & 63]);
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)].into_iter().take(chunk.len() + 1)
        })
        .collect()
}
