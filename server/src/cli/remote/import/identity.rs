//! Which session a file is, and how an entry without uuid is recognised.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use verbatim_client::{IdempotencyKey, SessionId};
use verbatim_proto::{EntryView, limits::SESSION_ID_BYTES_MAX};

use crate::cli::remote::Fault;

/// Separates this use of BLAKE3 from every other.
const KEY_CONTEXT: &str = "verbatim 2026 import idempotency key v1";

/// The session of a file: the first `sessionId` in it, or else its name.
pub(super) fn session_of_file(path: &Path) -> Result<SessionId, Fault> {
    let unreadable = |error| Fault::input(path.display(), error);
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    if let Some(session) = session_of_lines(file).map_err(unreadable)? {
        return Ok(session);
    }
    session_of_name(path).ok_or_else(|| Fault::usage(format_args!("{}: give --session", path.display())))
}

/// The first `sessionId` that can be a session's id.
pub(super) fn session_of_lines(lines: impl BufRead) -> io::Result<Option<SessionId>> {
    for line in lines.split(b'\n') {
        let line = line?;
        let Ok((view, _)) = EntryView::parse_prefix(&line) else { continue };
        if let Some(session) = view.session_id.and_then(|id| SessionId::new(&id).ok()) {
            return Ok(Some(session));
        }
    }
    Ok(None)
}

/// The name without folder and ending, with `-` for whatever a session id cannot hold.
pub(super) fn session_of_name(path: &Path) -> Option<SessionId> {
    let stem = path.file_stem()?.to_string_lossy();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    SessionId::new(&stem.chars().map(allowed).take(SESSION_ID_BYTES_MAX).collect::<String>()).ok()
}

/// The key of an entry without uuid: BLAKE3 over session, line number, place on the line and content, as base64url. So
/// equal entries of one file are told apart, and each is stored once however often the file is imported.
pub(super) fn key(session: &SessionId, line: u64, place: u32, body: &[u8]) -> Option<IdempotencyKey> {
    let mut hasher = blake3::Hasher::new_derive_key(KEY_CONTEXT);
    let session = session.as_str();
    hasher.update(&(session.len() as u64).to_be_bytes()).update(session.as_bytes());
    hasher.update(&line.to_be_bytes()).update(&place.to_be_bytes()).update(body);
    IdempotencyKey::new(&URL_SAFE_NO_PAD.encode(hasher.finalize().as_bytes())).ok()
}
