//! What goes by itself: by `expires_at`, by retention, out of the bin; and what says so before.

use serde_json::{Value, json};
use verbatim_tests::{
    clock::unix_seconds,
    clock_shift::ClockShift,
    entry::entry,
    organization::Organization,
    server::{Server, Setup},
    times::{seconds, seconds_between, timestamp},
    token::{ORG, OTHER_ORG, Token},
    trail,
    wait::until,
};

use crate::sessions::assert_error;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn sweeping() -> Setup {
    Setup::default().arg("--sweep-interval").arg("1s")
}

/// Waits until a session is in the bin.
async fn goes_into_the_bin(organization: &Organization, id: &str) {
    until(&format!("{id} to go into the bin"), async || {
        let bin = organization.ids("?status=deleted").await;
        if bin.iter().any(|binned| binned == id) { Ok(()) } else { Err(bin) }
    })
    .await;
}

/// Waits until the server has looked for what should go, from beginning to end, and done it.
async fn swept(organization: &Organization, now: i64) {
    for round in 0..2 {
        let body = json!({"expires_at": timestamp(now), "title": format!("a sentinel, {round}")});
        let id = organization.create(&body).send().await.expect(201).json()["id"].as_str().unwrap().to_owned();
        goes_into_the_bin(organization, &id).await;
    }
}

/// The cause and the subject of each change of a type.
async fn causes(organization: &Organization, kind: &str, id: &str) -> Vec<(Value, Value)> {
    let (all, _) = trail::read(organization, None).await;
    let of = all.into_iter().filter(|change| change["type"] == kind && change["session_id"] == id);
    of.map(|change| (change["cause"].clone(), change["subject"].clone())).collect()
}

async fn expiring(organization: &Organization, query: &str) -> (Vec<Value>, Option<String>) {
    let mut body = organization.expiring(query).send().await.expect(200).json();
    let Value::Array(data) = body["data"].take() else { panic!("no data") };
    for item in &data {
        let mut members: Vec<_> = item.as_object().expect("an object").keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["at", "cause", "session_id", "what"], "{item}");
    }
    (data, body["next_cursor"].as_str().map(str::to_owned))
}

fn in_short(items: &[Value]) -> Vec<String> {
    let text = |item: &Value, member: &str| item[member].as_str().expect("a text").to_owned();
    items
        .iter()
        .map(|item| format!("{} {} {}", text(item, "session_id"), text(item, "what"), text(item, "cause")))
        .collect()
}

#[tokio::test]
async fn an_expired_session_goes_into_the_bin_with_its_sub_agents() {
    let server = Setup::default().env("VERBATIM_SWEEP_INTERVAL", "1s").start().await;
    let organization = server.organization_as(&Token::full(ORG).claim("sub", "someone"));
    let soon = timestamp(unix_seconds() + 2);
    for (id, parent, expires_at) in [
        ("s", None, json!(soon)),
        ("child", Some("s"), json!(null)),
        ("later", None, json!("2099-01-01T00:00:00Z")),
        ("saved", None, json!(soon)),
        ("fork", None, json!(null)),
    ] {
        let body = json!({"id": id, "parent_session_id": parent, "expires_at": expires_at});
        organization.create(&body).send().await.expect(201);
        organization.session(id).store(None, entry("a")).await;
    }
    organization.fork("s", &json!({"id": "of-s"})).send().await.expect(201);
    organization.patch("saved", &json!({"expires_at": null})).send().await.expect(200);
    assert_eq!(
        in_short(&expiring(&organization, "").await.0),
        ["s delete expires_at", "later delete expires_at"],
        "it is said before it goes"
    );
    goes_into_the_bin(&organization, "s").await;
    let mut bin = organization.listed("?status=deleted").await;
    bin.sort_by_key(|session| session["id"].to_string());
    assert_eq!(bin.iter().map(|session| &session["id"]).collect::<Vec<_>>(), ["child", "s"]);
    assert!(bin[1]["deleted_at"].as_str() >= Some(soon.as_str()), "not before its time: {}", bin[1]);
    assert_error(&organization.session("s").append(Some("a"), entry("b")).await, 410, "session_ended_error", "s");
    for id in ["s", "child"] {
        assert_eq!(causes(&organization, "deleted", id).await, [(json!("expires_at"), Value::Null)], "{id}");
    }
    // Back it comes with whoever went with it, and without a time that has passed.
    organization.restore("s").send().await.expect(200);
    assert_eq!(organization.shown("s").await["expires_at"], Value::Null);
    swept(&organization, unix_seconds()).await;
    let mut live = organization.ids("").await;
    live.sort();
    assert_eq!(live, ["child", "fork", "later", "of-s", "s", "saved"]);
}

/// A time that passes while the server is down is kept once it is up.
#[tokio::test]
async fn what_expires_meanwhile_goes_at_the_next_start() {
    let clock = ClockShift::new();
    let server = clock.under(sweeping()).start().await;
    let organization = server.organization(ORG);
    let body = json!({"id": "s", "expires_at": timestamp(unix_seconds() + 600)});
    organization.create(&body).send().await.expect(201);
    let setup = server.stop().await;
    clock.set(900);
    let server = setup.start().await;
    goes_into_the_bin(&organization.at(server.address), "s").await;
}

#[tokio::test]
async fn the_bin_purges_what_it_has_kept_long_enough() {
    let server = sweeping().arg("--bin-retention").arg("1s").start().await;
    let organization = server.organization_as(&Token::full(ORG).claim("sub", "someone"));
    for (id, parent) in [("s", None), ("child", Some("s")), ("other", None)] {
        organization.create(&json!({"id": id, "parent_session_id": parent})).send().await.expect(201);
        organization.session(id).store(None, entry("a")).await;
    }
    organization.fork("s", &json!({"id": "f"})).send().await.expect(201);
    let deleted = organization.delete("s", "").send().await.expect(200).json();
    // While it is there, it is said when it goes.
    let (items, _) = expiring(&organization, "").await;
    for item in items.iter().filter(|item| item["session_id"] == "s") {
        assert_eq!(
            (&item["what"], &item["cause"], &item["at"]),
            (&json!("purge"), &json!("bin"), &deleted["purge_at"])
        );
    }
    until("both to be purged", async || {
        let bin = organization.ids("?status=deleted").await;
        if bin.is_empty() { Ok(()) } else { Err(bin) }
    })
    .await;
    for id in ["s", "child"] {
        assert_error(&organization.session(id).append(None, entry("a")).await, 410, "session_ended_error", id);
        assert_error(&organization.restore(id).send().await, 404, "not_found_error", id);
        assert_eq!(causes(&organization, "purged", id).await, [(json!("bin"), Value::Null)], "{id}");
    }
    assert_eq!(organization.session("f").ids().await, ["a"]);
    assert_eq!(expiring(&organization, "").await.0, [Value::Null; 0]);
}

/// Neither grown nor changed for so many days: it goes, and another does not.
#[tokio::test]
async fn retention_counts_from_the_last_change() {
    let clock = ClockShift::new();
    let server = clock.under(sweeping()).start().await;
    let token = Token::full(ORG).claim("sub", "someone").claim("exp", unix_seconds() + 40 * DAY);
    let organization = server.organization_as(&token);
    let theirs = server.organization_as(&Token::full(OTHER_ORG).claim("exp", unix_seconds() + 40 * DAY));
    for id in ["idle", "ended", "grown", "patched"] {
        organization.session(id).store(None, entry("a")).await;
    }
    theirs.session("idle").store(None, entry("a")).await;
    organization.patch("ended", &json!({"status": "ended"})).send().await.expect(200);
    let set = organization.set(&json!({"retention_days": 2})).send().await.expect(200).json();
    assert_eq!(set, json!({"retention_days": 2}));
    let (items, _) = expiring(&organization, "").await;
    let mut listed = in_short(&items);
    listed.sort();
    let wanted = ["ended", "grown", "idle", "patched"].map(|id| format!("{id} delete retention"));
    assert_eq!(listed, wanted);
    for item in &items {
        let shown = organization.shown(item["session_id"].as_str().unwrap()).await;
        assert_eq!(seconds_between(&shown["updated_at"], &item["at"]), 2 * DAY, "{item}");
    }
    clock.set(47 * HOUR);
    organization.session("grown").store(Some("a"), entry("b")).await;
    organization.patch("patched", &json!({"title": "x"})).send().await.expect(200);
    swept(&organization, unix_seconds() + 47 * HOUR).await;
    for id in ["idle", "ended"] {
        organization.shown(id).await;
    }
    clock.set(49 * HOUR);
    for id in ["idle", "ended"] {
        goes_into_the_bin(&organization, id).await;
        assert_eq!(causes(&organization, "deleted", id).await, [(json!("retention"), Value::Null)], "{id}");
    }
    swept(&organization, unix_seconds() + 49 * HOUR).await;
    for id in ["grown", "patched"] {
        organization.shown(id).await;
    }
    theirs.shown("idle").await;
    // Brought back is changed: it stays for as long again.
    organization.restore("idle").send().await.expect(200);
    swept(&organization, unix_seconds() + 49 * HOUR).await;
    organization.shown("idle").await;
    organization.set(&json!({"retention_days": null})).send().await.expect(200);
    assert_eq!(
        in_short(&expiring(&organization, "?before=2098-01-01T00:00:00Z").await.0)
            .iter()
            .filter(|item| item.ends_with("retention"))
            .count(),
        0
    );
    clock.set(30 * DAY);
    swept(&organization, unix_seconds() + 30 * DAY).await;
    for id in ["grown", "patched", "idle"] {
        organization.shown(id).await;
    }
}

#[tokio::test]
async fn what_will_go_is_listed_in_order() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let now = unix_seconds();
    for (id, days) in [("b", 20), ("a", 10), ("c", 30), ("d", 3)] {
        organization.create(&json!({"id": id, "expires_at": timestamp(now + days * DAY)})).send().await.expect(201);
    }
    organization.create(&json!({"id": "keeps"})).send().await.expect(201);
    organization.session("bin").store(None, entry("a")).await;
    let purge_at = organization.delete("bin", "").send().await.expect(200).json()["purge_at"].clone();
    let wanted =
        ["d delete expires_at", "bin purge bin", "a delete expires_at", "b delete expires_at", "c delete expires_at"];
    let (items, next) = expiring(&organization, "").await;
    assert_eq!((in_short(&items), next), (wanted.map(str::to_owned).to_vec(), None));
    assert_eq!((&items[1]["at"], seconds(&items[0]["at"])), (&purge_at, now + 3 * DAY));
    for limit in 1..=6 {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let (page, next) = expiring(&organization, &format!("?limit={limit}{cursor}")).await;
            assert!(page.len() <= limit, "{limit}");
            all.extend(page);
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(all, items, "{limit} a page");
    }
    let before = |time: &str| format!("?before={time}");
    assert_eq!(in_short(&expiring(&organization, &before(&timestamp(now + 20 * DAY))).await.0), wanted[..3]);
    assert_eq!(expiring(&organization, &before(&timestamp(now))).await.0.len(), 0);
    // With a retention, each that has not its end in the bin is listed by that too.
    organization.set(&json!({"retention_days": 1})).send().await.expect(200);
    let (items, _) = expiring(&organization, "").await;
    let listed = in_short(&items);
    assert_eq!(listed[..5], wanted);
    let mut by_retention = listed[5..].to_vec();
    by_retention.sort();
    assert_eq!(by_retention, ["a", "b", "c", "d", "keeps"].map(|id| format!("{id} delete retention")));
    for bad in ["?limit=0", "?limit=x", "?before=soon", "?cursor=x"] {
        assert_error(&organization.expiring(bad).send().await, 400, "invalid_request_error", bad);
    }
    assert_eq!(expiring(&server.organization(OTHER_ORG), "").await.0.len(), 0);
}

#[tokio::test]
async fn settings_are_kept_and_have_their_bounds() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let settings = async || organization.settings().send().await.expect(200).json();
    assert_eq!(settings().await, json!({"retention_days": null}), "for ever, unless told otherwise");
    for days in [json!(1), json!(36_500), json!(null), json!(90)] {
        let set = organization.set(&json!({"retention_days": days})).send().await.expect(200).json();
        assert_eq!((set, settings().await), (json!({"retention_days": days}), json!({"retention_days": days})));
    }
    organization.set(&json!({})).send().await.expect(200);
    for bad in [
        json!({"retention_days": 0}),
        json!({"retention_days": 36_501}),
        json!({"retention_days": -1}),
        json!({"retention_days": 1.5}),
        json!({"retention_days": "1"}),
        json!({"retention": 1}),
        json!([]),
    ] {
        assert_error(&organization.set(&bad).send().await, 400, "invalid_request_error", &bad.to_string());
    }
    for (token, reads) in [
        (Token::access(ORG), true),
        (Token::access(ORG).scope("read append"), true),
        (Token::access(ORG).scope("append"), false),
        (Token::session("s", ORG).scope("read append admin"), false),
    ] {
        let token = server.signer().sign(&token);
        let read = organization.settings().bearer(&token).send().await;
        assert_eq!(read.status, if reads { 200 } else { 403 }, "{read:?}");
        let set = organization.set(&json!({"retention_days": 1})).bearer(&token).send().await;
        assert_error(&set, 403, "permission_error", "no admin");
        let expiring = organization.expiring("").bearer(&token).send().await;
        assert_eq!(expiring.status, if reads { 200 } else { 403 }, "{expiring:?}");
    }
    let server = server.kill().await.start().await;
    let organization = organization.at(server.address);
    assert_eq!(organization.settings().send().await.expect(200).json(), json!({"retention_days": 90}));
    let theirs = server.organization(OTHER_ORG).settings().send().await.expect(200).json();
    assert_eq!(theirs, json!({"retention_days": null}));
}
