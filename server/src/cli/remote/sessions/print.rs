//! Sessions as a person reads them, and as programs do.

use serde::Serialize;
use serde_json::Value;
use verbatim_client::{Described, Session, Status};

use crate::cli::remote::{
    Fault,
    output::{FormArgs, id_column, json_line, seconds, text_line},
};

/// A session with its `ETag`, for a patch that names it.
#[derive(Serialize)]
pub(super) struct WithEtag<'a> {
    #[serde(flatten)]
    session: &'a Session,
    etag: &'a str,
}

impl<'a> From<&'a Described> for WithEtag<'a> {
    fn from(described: &'a Described) -> Self {
        Self { session: &described.session, etag: &described.etag }
    }
}

/// Names the columns of [`row`].
pub(super) fn heading() -> Result<(), Fault> {
    text_line(&format!("{:<36}  {:<7}  {:>8}  {:<20}  TITLE", "SESSION", "STATUS", "ENTRIES", "UPDATED"))
}

/// One session of many.
pub(super) fn row(session: &Session, form: FormArgs) -> Result<(), Fault> {
    match form.is_for_people() {
        true => text_line(&row_text(session)),
        false => json_line(session, "the session"),
    }
}

fn row_text(session: &Session) -> String {
    let Session { id, length, updated_at, title, .. } = session;
    let (id, status, updated) = (id_column(id), status_text(session.status), seconds(*updated_at));
    format!("{id}  {status:<7}  {length:>8}  {updated:<20}  {}", title.as_deref().unwrap_or_default())
}

/// One session alone.
pub(super) fn one(described: &Described, form: FormArgs) -> Result<(), Fault> {
    let Described { session, etag } = described;
    if !form.is_for_people() {
        return json_line(&WithEtag::from(described), "the session");
    }
    facts(session).into_iter().try_for_each(|(name, value)| text_line(&format!("{name:<14} {value}")))?;
    text_line(&format!("{:<14} {etag}", "etag"))
}

/// What there is to say of a session, in reading order.
fn facts(session: &Session) -> Vec<(&'static str, String)> {
    let time = |time: Option<_>| time.map(seconds);
    let fork = session.forked_from.as_ref().map(|fork| format!("{}, {} entries of it", fork.session_id, fork.length));
    let archived =
        session.archived_from.as_ref().map(|from| format!("{}, until {}", from.session_id, seconds(from.at)));
    let forks = session.forks.as_ref().filter(|forks| !forks.is_empty());
    let parent = session.parent_session_id.as_ref().map(|parent| match &session.subpath {
        Some(subpath) => format!("{parent}, {subpath}"),
        None => parent.to_string(),
    });
    let metadata = session.metadata.iter().map(|(key, value)| match value {
        Value::String(text) => format!("{key}={text}"),
        other => format!("{key}={other}"),
    });
    let metadata = metadata.collect::<Vec<_>>().join(", ");
    let facts = [
        ("session", Some(session.id.to_string())),
        ("title", session.title.clone()),
        ("status", Some(status_text(session.status).to_owned())),
        ("project", session.project.clone()),
        ("parent", parent),
        ("forked from", fork),
        ("forks", forks.map(|forks| forks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))),
        ("archived from", archived),
        ("metadata", Some(metadata).filter(|metadata| !metadata.is_empty())),
        ("entries", Some(format!("{}, {} bytes", session.length, session.bytes))),
        ("boundaries", Some(session.boundaries.count.to_string())),
        ("head", session.head.map(|head| head.to_string())),
        ("digest", Some(session.digest.to_string())),
        ("created", time(Some(session.created_at))),
        ("updated", time(Some(session.updated_at))),
        ("first entry", time(session.first_entry_at)),
        ("last entry", time(session.last_entry_at)),
        ("expires", time(session.expires_at)),
        ("deleted", time(session.deleted_at)),
        ("purged", time(session.purge_at)),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

pub(super) fn status_text(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Paused => "paused",
        Status::Ended => "ended",
        Status::Deleted => "deleted",
    }
}

/// Reads a status of the command line.
pub(super) fn status(text: &str) -> Result<Status, String> {
    let all = [Status::Active, Status::Paused, Status::Ended, Status::Deleted];
    let status = all.into_iter().find(|status| status_text(*status) == text);
    status.ok_or_else(|| "it is active, paused, ended or deleted".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_a_session_on_a_line_and_all_that_is_known_of_it_alone() {
        let json = r#"{"id":"s","project":null,"parent_session_id":"p","subpath":"x","title":"Fix it","status":"ended","metadata":{"k":1,"t":"u"},"length":12,"bytes":345,"head":"u1","digest":"DIGEST","boundaries":{"count":2,"last_seq":5},"forked_from":null,"created_at":"2026-01-02T03:04:05.6Z","updated_at":"2026-01-02T03:04:06.6Z","first_entry_at":null,"last_entry_at":null,"expires_at":null}"#;
        let session: Session = serde_json::from_str(&json.replace("DIGEST", &"0".repeat(64))).expect("a session");
        let line = row_text(&session);
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            ["s", "ended", "12", "2026-01-02T03:04:06Z", "Fix", "it"]
        );
        let facts = facts(&session);
        for fact in [("parent", "p, x"), ("metadata", "k=1, t=u"), ("entries", "12, 345 bytes"), ("head", "u1")] {
            assert!(facts.contains(&(fact.0, fact.1.to_owned())), "{fact:?} in {facts:?}");
        }
        assert!(!facts.iter().any(|(name, _)| *name == "project"));
    }

    #[test]
    fn a_status_is_read_as_it_is_written() {
        assert_eq!(status("paused"), Ok(Status::Paused));
        assert!(status("Paused").is_err());
    }
}
