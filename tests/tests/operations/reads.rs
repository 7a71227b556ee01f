//! Random reads in the middle of a sequence, and the comparison of everything at its end.

use serde_json::{Value, json};
use verbatim_tests::{
    pages::{Page, Transcript},
    trail,
    wait::until,
};

use super::{
    model::{Entry, Session, World},
    steps::{Sequence, Verdict, same, same_members, status},
};

/// A payload without the time of its redaction.
pub fn timeless(mut payload: Value) -> Value {
    if let Some(redacted) = payload.get_mut("redacted").and_then(Value::as_object_mut) {
        redacted.remove("at");
    }
    payload
}

/// What a session shows is the model's.
pub fn portrait(world: &World, session: &Session, shown: &Value) -> Verdict {
    same_members(&session.id, shown, &world.portrait(session))?;
    let archived_from = shown["archived_from"]["session_id"].as_str();
    same("archived_from", &archived_from, &session.archived_from.as_deref())
}

fn is_payload(what: &str, text: &str, entry: &Entry) -> Verdict {
    if !entry.is_redacted {
        return same(what, &text, &entry.body.as_str());
    }
    let stub = serde_json::from_str(text).map_err(|error| error.to_string())?;
    same(what, &timeless(stub), &entry.payload())
}

/// One read of one session, or of all of them.
pub async fn one(sequence: &mut Sequence) -> Verdict {
    let id = sequence.likely();
    let what = sequence.rng.below(9);
    sequence.done.push(format!("read {what} of {id}"));
    match what {
        0 => whole(sequence, &id, true).await,
        1 => whole(sequence, &id, false).await,
        2 => pages(sequence, &id).await,
        3 | 4 => entries(sequence, &id).await,
        5 => one_entry(sequence, &id).await,
        6 => list(sequence).await,
        7 => previews(sequence).await,
        _ => shown(sequence, &id).await,
    }
}

async fn shown(sequence: &mut Sequence, id: &str) -> Verdict {
    let answer = sequence.send(&sequence.organization.show(id)).await;
    let Some(session) = sequence.world.live(id) else { return status(&answer, 404) };
    status(&answer, 200)?;
    let shown = answer.json();
    portrait(&sequence.world, session, &shown)?;
    let mut forks: Vec<_> = shown["forks"].as_array().ok_or("no forks")?.iter().filter_map(Value::as_str).collect();
    forks.sort_unstable();
    same(&format!("forks of {id}"), &forks, &sequence.world.forks(session))
}

async fn whole(sequence: &mut Sequence, id: &str, all: bool) -> Verdict {
    let query = if all { "" } else { "?after_last_compact=true" };
    let answer = sequence.send(&sequence.organization.session(id).get(query)).await;
    let Some(session) = sequence.world.live(id) else { return status(&answer, 404) };
    status(&answer, 200)?;
    let transcript = Transcript::of(&answer);
    let from = if all { 0 } else { sequence.world.last_boundary(session).unwrap_or(0) };
    same(&format!("{id}: count"), &transcript.loglines.len(), &(session.entries.len() - from))?;
    same(&format!("{id}: last_uuid"), &transcript.last_uuid.as_deref(), &sequence.world.head(session))?;
    for (line, entry) in transcript.lines().into_iter().zip(sequence.world.entries(session).skip(from)) {
        is_payload(id, line, entry)?;
    }
    Ok(())
}

async fn pages(sequence: &mut Sequence, id: &str) -> Verdict {
    let limit = sequence.rng.below(5) + 1;
    let mut query = format!("?limit={limit}");
    let mut seq = 0;
    loop {
        let answer = sequence.send(&sequence.organization.session(id).page(&query)).await;
        let Some(session) = sequence.world.live(id) else { return status(&answer, 404) };
        status(&answer, 200)?;
        let page = Page::of(&answer);
        for event in &page.data {
            let place = *session.entries.get(seq).ok_or("a page has more than the model")?;
            let entry = &sequence.world.arena[place];
            same("event_id", &event.event_id, &sequence.world.event_id(session, seq))?;
            same("is_compaction", &event.is_compaction, &entry.is_boundary)?;
            same("event_type", &event.event_type.as_str(), &entry.kind)?;
            is_payload(id, event.payload.get(), entry)?;
            seq += 1;
        }
        match page.next_cursor {
            Some(cursor) => query = format!("?limit={limit}&cursor={cursor}"),
            None => return same(&format!("{id}: pages"), &seq, &session.entries.len()),
        }
    }
}

/// What the model says of one entry of a session.
fn envelope(world: &World, session: &Session, seq: usize) -> Value {
    let entry = &world.arena[session.entries[seq]];
    json!({"seq": seq, "event_id": world.event_id(session, seq), "event_type": entry.kind,
        "is_compaction": entry.is_boundary, "payload": entry.payload()})
}

async fn entries(sequence: &mut Sequence, id: &str) -> Verdict {
    let length = sequence.world.live(id).map_or(0, |session| session.entries.len());
    let (bound, kind) = (sequence.rng.below(length as u64 + 2) as usize, sequence.rng.below(6));
    let query = match kind {
        0 => format!("?tail={}", bound + 1),
        1 => format!("?from_seq={bound}"),
        2 => "?order=desc".to_owned(),
        3 => "?type=user".to_owned(),
        4 => "?from_boundary=last".to_owned(),
        _ => "?order=desc&type=summary".to_owned(),
    };
    let answer = sequence.send(&sequence.organization.entries(id, &query)).await;
    let world = &sequence.world;
    let Some(session) = world.live(id) else { return status(&answer, 404) };
    status(&answer, 200)?;
    let all = (0..length).filter(|&seq| match kind {
        0 => seq + bound + 1 >= length,
        1 => seq >= bound,
        3 => world.arena[session.entries[seq]].kind == "user",
        4 => seq >= world.last_boundary(session).unwrap_or(0),
        5 => world.arena[session.entries[seq]].kind == "summary",
        _ => true,
    });
    let mut wanted: Vec<_> = all.map(|seq| envelope(world, session, seq)).collect();
    if query.contains("desc") {
        wanted.reverse();
    }
    let body = answer.json();
    same("total", &body["total"], &json!(length))?;
    let found = body["data"].as_array().ok_or("no data")?;
    same(&format!("{id}{query}: how many"), &found.len(), &wanted.len())?;
    for (found, wanted) in found.iter().zip(&wanted) {
        let mut found = found.clone();
        found["payload"] = timeless(found["payload"].take());
        same_members(&format!("{id}{query}"), &found, wanted)?;
    }
    Ok(())
}

async fn one_entry(sequence: &mut Sequence, id: &str) -> Verdict {
    let event_id = format!("u{}", sequence.rng.below(16));
    let answer = sequence.send(&sequence.organization.entries(id, &format!("/{event_id}"))).await;
    let found = sequence.world.live(id).and_then(|session| Some((session, sequence.world.seq_of(session, &event_id)?)));
    let Some((session, seq)) = found else { return status(&answer, 404) };
    status(&answer, 200)?;
    let mut found = answer.json();
    found["payload"] = timeless(found["payload"].take());
    same_members(&format!("{id} {event_id}"), &found, &envelope(&sequence.world, session, seq))
}

async fn list(sequence: &mut Sequence) -> Verdict {
    let queries = ["", "?status=deleted", "?project=p0", "?status=ended", "?parent=s0", "?title=says%200", "?limit=2"];
    let query = *sequence.rng.pick(&queries);
    let mut ids = sequence.organization.ids(query).await;
    ids.sort();
    let world = &sequence.world;
    let holds = |session: &&Session| match query {
        "?status=deleted" => session.binned.is_some(),
        _ if session.binned.is_some() => false,
        "?project=p0" => session.project.as_deref() == Some("p0"),
        "?status=ended" => session.ended,
        "?parent=s0" => session.parent.as_deref() == Some("s0"),
        "?title=says%200" => world.title(session).is_some_and(|title| title.starts_with("says 0")),
        _ => true,
    };
    let mut wanted: Vec<_> = world.sessions.iter().filter(holds).map(|session| session.id.clone()).collect();
    wanted.sort();
    same(&format!("list {query}"), &ids, &wanted)
}

async fn previews(sequence: &mut Sequence) -> Verdict {
    let (ids, limit) = (sequence.ids(), sequence.rng.below(4) as usize + 1);
    let call = sequence.organization.previews(&json!({"ids": ids, "limit": limit}));
    let answer = sequence.send(&call).await;
    status(&answer, 200)?;
    let (body, world) = (answer.json(), &sequence.world);
    let found = body["data"].as_array().ok_or("no data")?;
    same("previews", &found.len(), &ids.len())?;
    for (preview, id) in found.iter().zip(&ids) {
        let Some(session) = world.live(id) else {
            same(&format!("preview of {id}"), &preview["error"]["type"], &json!("not_found_error"))?;
            continue;
        };
        let texts = world.entries(session).filter(|entry| !entry.is_redacted).filter_map(|entry| entry.text.clone());
        let texts: Vec<_> = texts.collect();
        let wanted = json!(texts[texts.len().saturating_sub(limit)..]);
        let items = preview["items"].as_array().ok_or("no items")?;
        let items: Value = items.iter().map(|item| item["text"].clone()).collect();
        same(&format!("preview of {id}"), &items, &wanted)?;
        same(&format!("preview of {id}: title"), &preview["title"], &json!(world.title(session)))?;
    }
    Ok(())
}

/// Everything that can be asked, of every session that is there, was there, or never was.
pub async fn everything(sequence: &mut Sequence) -> Verdict {
    let mut ids = sequence.ids();
    ids.extend(sequence.world.purged.iter().filter(|id| id.len() > 2).cloned());
    for id in &ids {
        shown(sequence, id).await?;
        whole(sequence, id, true).await?;
        pages(sequence, id).await?;
        if sequence.world.live(id).is_none() {
            let is_taken = sequence.world.find(id).is_some() || sequence.world.is_purged(id);
            if is_taken {
                let append = sequence.organization.session(id).put(None, r#"{"uuid":"late"}"#);
                status(&sequence.send(&append).await, 410)?;
            }
        }
    }
    for query in ["", "?status=deleted"] {
        let mut listed = sequence.organization.ids(query).await;
        listed.sort();
        let in_the_bin = |session: &&Session| session.binned.is_some() != query.is_empty();
        let wanted = sequence.world.sessions.iter().filter(in_the_bin).map(|session| session.id.clone());
        let mut wanted: Vec<_> = wanted.collect();
        wanted.sort();
        same(&format!("the list {query}"), &listed, &wanted)?;
    }
    changes(sequence).await?;
    usage(sequence).await
}

/// The kept changes are the model's, in its order; and each session that has grown tells its length.
async fn changes(sequence: &Sequence) -> Verdict {
    let (all, _) = trail::read(&sequence.organization, None).await;
    let kept: Vec<_> = all.iter().filter(|change| trail::is_kept(change)).map(trail::short).collect();
    let mut rest = &kept[..];
    for group in &sequence.world.trail {
        let (mut found, mut wanted) = (rest[..group.len().min(rest.len())].to_vec(), group.clone());
        found.sort();
        wanted.sort();
        same("the trail", &found, &wanted)?;
        rest = &rest[group.len()..];
    }
    same("the rest of the trail", &rest, &&[][..])?;
    let lengths: Vec<_> = all.iter().filter(|change| !trail::is_kept(change)).map(trail::short).collect();
    for session in &sequence.world.sessions {
        let told = format!("appended {} {}", session.id, session.entries.len());
        let wanted = session.binned.is_none() && session.archived_from.is_none() && session.has_grown;
        if wanted && !lengths.contains(&told) {
            return Err(format!("no {told:?} in {lengths:?}"));
        }
    }
    Ok(())
}

/// What a purge frees is freed when the server gets to it.
async fn usage(sequence: &Sequence) -> Verdict {
    let wanted = sequence.world.usage();
    until("the usage of the model", async || {
        let body = sequence.organization.usage().send().await.expect(200).json();
        if body["total"] == wanted { Ok(()) } else { Err(format!("{} where {wanted} should be", body["total"])) }
    })
    .await;
    Ok(())
}
