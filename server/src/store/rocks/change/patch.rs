//! Changing what is said of a session.

use verbatim_proto::{Timestamp, limits::METADATA_BYTES_MAX, organization::ChangeKind, sessions::Metadata};

use super::{Outcome, answer, replace};
use crate::store::{Changed, Patch, Properties, Session, SessionKey, SessionStatus, Standing};

pub(super) fn apply(key: &SessionKey, stored: Session, patch: &Patch, now: Timestamp) -> Outcome {
    let before = stored.snapshot.status;
    let status = patch.status.unwrap_or(before);
    let allowed = status == before || before != SessionStatus::Ended && status != SessionStatus::Deleted;
    if !allowed {
        return answer(Changed::Forbidden(before, Standing::from(&stored.snapshot)));
    }
    let properties = Properties {
        title: patch.title.clone().unwrap_or_else(|| stored.properties.title.clone()),
        metadata: merged(&stored.properties.metadata, patch.metadata.as_ref()),
        expires_at: patch.expires_at.unwrap_or(stored.properties.expires_at),
        ..stored.properties.clone()
    };
    if serde_json::to_vec(&properties.metadata).map_or(usize::MAX, |json| json.len()) > METADATA_BYTES_MAX {
        return answer(Changed::TooLarge);
    }
    if status == before && properties == stored.properties {
        return answer(Changed::Already(stored));
    }
    let ends = status == SessionStatus::Ended && status != before;
    let event = if ends { ChangeKind::Ended } else { ChangeKind::Patched };
    Outcome::Write(Box::new(replace(key, stored, now, status, event, |said| said.properties = properties)))
}

/// `stored` with `patch` merged into it (RFC 7396).
fn merged(stored: &Metadata, patch: Option<&Option<Metadata>>) -> Metadata {
    let mut merged = stored.clone();
    match patch {
        None => {}
        Some(None) => merged.clear(),
        Some(Some(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    merged.remove(name);
                } else {
                    merged.insert(name.clone(), value.clone());
                }
            }
        }
    }
    merged
}
