//! The pure functions that every append goes through, and what it costs to count one. `make bench`.

#![allow(clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]
#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::{
    collections::HashMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode as sign};
use verbatim_proto::{EntryUuid, EntryView, OrganizationId, SessionId, Timestamp, digest::payload_hash};
use verbatim_server::{
    auth::{Authenticator, KeyRing, TokenRules},
    clock::SystemClock,
    metrics::{AppendMetrics, AppendOutcome, Exporter, LookupMetrics, RouteMetrics},
    store::{
        Append, Budget, Expected, NewEntry, Permit, SessionKey, Snapshot, StoreError, Usage,
        rocks::bench::{Candidate, Group, Identity, Next, View, Write, encode, key},
    },
};

/// Appends in a group, each to a session of its own.
const GROUP: u64 = 64;

fn organization() -> OrganizationId {
    OrganizationId::from_bytes([7; 16])
}

/// An entry such as agents send, of some `bytes`.
fn body(uuid: u64, bytes: usize) -> Bytes {
    let text = "The build fails in the linker: \\\"undefined reference\\\".\\n".repeat(bytes / 56);
    let (session, uuid) = (name(uuid, 5), name(uuid, 4));
    let entry = format!(
        r#"{{"parentUuid":"{uuid}","isSidechain":false,"userType":"external","cwd":"/home/user/project","sessionId":"{session}","version":"2.0.1","type":"assistant","message":{{"role":"assistant","content":[{{"type":"text","text":"{text}"}}],"usage":{{"input_tokens":4,"output_tokens":120}}}},"uuid":"{uuid}","timestamp":"2026-01-02T03:04:05.000Z"}}"#
    );
    entry.into()
}

fn name(n: u64, kind: u64) -> String {
    format!("{n:08x}-0000-4000-8000-{kind:012x}")
}

fn new_entry(body: &Bytes) -> NewEntry {
    let view = EntryView::parse(body).expect("an entry");
    NewEntry {
        payload: body.slice_ref(view.payload),
        payload_hash: payload_hash(view.payload),
        uuid: view.uuid,
        key: None,
        event_type: view.event_type().into(),
        is_boundary: view.is_boundary,
    }
}

fn candidate(session: u64, uuid: u64, expected: Expected, permit: &Arc<Permit>) -> Candidate {
    let entries = vec![new_entry(&body(uuid, 512))];
    let session =
        SessionKey { organization: organization(), session: SessionId::new(&name(session, 5)).expect("an id") };
    let identities = entries.iter().map(Identity::of).collect();
    let (entries, permit) = (Arc::new(entries), Arc::clone(permit));
    Candidate { append: Append { session, expected, entries, compared: 0, subject: None, permit }, identities }
}

/// Chains as the writer has them at hand; no uuid is known.
#[derive(Default)]
struct Heads(HashMap<SessionKey, Snapshot>);

impl View for Heads {
    fn chain(&mut self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.0.get(session).cloned())
    }

    fn seq(&mut self, _: &Snapshot, _: &Identity) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    fn usage(&mut self, _: &OrganizationId) -> Result<Usage, StoreError> {
        Ok(Usage::default())
    }
}

fn entry_view(c: &mut Criterion) {
    let mut group = c.benchmark_group("entry view");
    for bytes in [512, 16 * 1024] {
        let body = body(1, bytes);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{} bytes", body.len()), |b| {
            b.iter(|| EntryView::parse(black_box(&body)).expect("an entry").uuid)
        });
    }
    group.finish();
}

fn decision(c: &mut Criterion) {
    let permit = Arc::new(Budget::new(1 << 20).admit(0).expect("room"));
    let (next, now) = (Next { chain: 0, change: 0 }, Timestamp::from_micros(1));
    let first: Vec<_> = (0..GROUP).map(|n| candidate(n, n, Expected::NoHead, &permit)).collect();
    let mut heads = Heads::default();
    let mut group = Group::new(now, next);
    first.iter().for_each(|one| drop(group.decide(&mut heads, one).expect("decided")));
    heads.0 = group.into_chains().map(|(session, chain)| (session.clone(), chain)).collect();
    let head = |n| EntryUuid::new(&name(n, 4)).expect("a uuid");
    let second: Vec<_> = (0..GROUP).map(|n| candidate(n, GROUP + n, Expected::Head(head(n)), &permit)).collect();

    let mut bench = c.benchmark_group("commit decision");
    bench.throughput(Throughput::Elements(GROUP));
    bench.bench_function(format!("{GROUP} appends to as many sessions"), |b| {
        b.iter(|| {
            let mut group = Group::new(now, next);
            second.iter().for_each(|one| drop(group.decide(&mut heads, one).expect("decided")));
            group.writes().len()
        })
    });
    bench.finish();

    let mut group = Group::new(now, next);
    drop(group.decide(&mut heads, &second[0]).expect("decided"));
    let stored = group.writes().iter().find_map(|write| match write {
        Write::Entry(chain, seq, running, entry) => Some((*chain, *seq, *running, *entry)),
        _ => None,
    });
    let (chain, seq, running, entry) = stored.expect("an entry to be stored");
    let mut scratch = Vec::new();
    c.bench_function("key and value of an entry", |b| {
        b.iter(|| {
            encode(&mut scratch, black_box(&running), entry);
            (key(black_box(chain), black_box(seq)), scratch.len())
        })
    });
    c.bench_function("identity of an entry", |b| b.iter(|| Identity::of(black_box(entry))));
}

fn token(c: &mut Criterion) {
    let secret = [9; 32];
    let mut keys = KeyRing::default();
    keys.add_secret(Some("local"), &secret);
    let auth = Authenticator::new(keys, &TokenRules::default(), Arc::new(SystemClock));
    let header = Header { kid: Some("local".to_owned()), ..Header::new(Algorithm::HS256) };
    let signed = |session: u64| {
        let claims = serde_json::json!({
            "organization_uuid": organization().to_string(), "session_id": name(session, 5), "exp": u32::MAX, "scope": "append read",
        });
        format!("Bearer {}", sign(&header, &claims, &EncodingKey::from_secret(&secret)).expect("a token"))
    };
    let mut bench = c.benchmark_group("token");
    let known = signed(0);
    let authenticate = |header: &str| auth.authenticate([header.as_bytes()].into_iter()).expect("a caller");
    bench.bench_function("verified before", |b| b.iter(|| authenticate(black_box(&known)).organization()));
    let mut session = 0;
    let mut new = || {
        session += 1;
        signed(session)
    };
    bench.bench_function("new", |b| {
        b.iter_batched(&mut new, |header| authenticate(&header).organization(), BatchSize::SmallInput)
    });
    bench.finish();
}

/// As often as upkeep comes at some ten thousand appends a second.
const UPKEEP_EVERY: u64 = 16 * 1024;

fn counting(c: &mut Criterion) {
    let exporter = Exporter::install().expect("the only recorder");
    let route = RouteMetrics::new("/v1/session_ingress/session/{session_id}");
    let (appends, tokens) = (AppendMetrics::new(&StoreError::KINDS), LookupMetrics::tokens());
    let mut counted = 0u64;
    c.bench_function("counting an append", |b| {
        b.iter(|| {
            let queued_at = Instant::now();
            tokens.hit();
            appends.count(AppendOutcome::Stored);
            route.answered("PUT", 201, black_box(queued_at.elapsed() + Duration::from_micros(300)));
            counted += 1;
            if counted.is_multiple_of(UPKEEP_EVERY) {
                exporter.upkeep();
            }
        })
    });
}

criterion_group!(benches, entry_view, decision, token, counting);
criterion_main!(benches);
