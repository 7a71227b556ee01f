//! `verbatim sessions previews`: the last lines of many sessions.

use clap::Args;
use tokio::runtime::Runtime;
use verbatim_client::{Preview, PreviewItem, PreviewSessions, SessionId};
use verbatim_proto::{
    Scope,
    limits::{PREVIEW_CHARS_DEFAULT, PREVIEW_CHARS_MAX, PREVIEW_ITEMS_MAX},
};

use super::print;
use crate::cli::{
    exit,
    remote::{
        Fault, RemoteArgs,
        connect::at_a_terminal,
        output::{FormArgs, id_column, json_line, seconds, text_line},
    },
};

/// Which sessions to look at.
#[derive(Debug, Args)]
pub(in crate::cli) struct PreviewsArgs {
    /// The sessions, at most 64
    #[arg(value_name = "SESSION", required = true)]
    sessions: Vec<SessionId>,
    /// How many of the last entries that have text
    #[arg(long = "lines", short = 'n', value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u64).range(1..=PREVIEW_ITEMS_MAX))]
    items: u64,
    /// Characters of each
    #[arg(long, value_name = "N", default_value_t = PREVIEW_CHARS_DEFAULT,
        value_parser = clap::value_parser!(u64).range(1..=PREVIEW_CHARS_MAX))]
    chars: u64,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: PreviewsArgs, runtime: &Runtime) -> Result<(), Fault> {
    let sessions = args.remote.client_with(&[Scope::Read], at_a_terminal)?.sessions();
    let of = PreviewSessions { ids: args.sessions, limit: Some(args.items), max_chars: Some(args.chars) };
    let previews = runtime.block_on(sessions.previews(&of))?;
    for preview in &previews {
        match args.form.is_for_people() {
            true => lines(preview).iter().try_for_each(|line| text_line(line))?,
            false => json_line(preview, "the preview")?,
        }
    }
    let is_whole = previews.iter().all(|preview| matches!(preview, Preview::Found(_)));
    if is_whole { Ok(()) } else { Err(Fault::told(exit::NO_INPUT)) }
}

fn lines(preview: &Preview) -> Vec<String> {
    match preview {
        Preview::Missing { id, error } => vec![format!("{}  {}", id_column(id), error.message)],
        Preview::Found(found) => {
            let (id, status, length) = (id_column(&found.id), print::status_text(found.status), found.length);
            let title = found.title.as_deref().unwrap_or_default();
            let heading = format!("{id}  {status:<7}  {length:>8}  {title}");
            std::iter::once(heading).chain(found.items.iter().map(line)).collect()
        }
    }
}

fn line(item: &PreviewItem) -> String {
    let more = if item.truncated { "…" } else { "" };
    format!("{:>7}  {}  {:<12}  {}{more}", item.seq, seconds(item.created_at), item.event_type, item.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_each_session_and_its_last_lines() {
        let found = r#"{"id":"s","title":"T","status":"active","length":9,"last_entry_at":null,"items":[{"seq":8,"event_id":"u","event_type":"user","created_at":"2026-01-02T03:04:05.6Z","text":"Done: the","truncated":true}]}"#;
        let found: Preview = serde_json::from_str(found).expect("a preview");
        let read = lines(&found);
        assert_eq!(read[0].split_whitespace().collect::<Vec<_>>(), ["s", "active", "9", "T"]);
        assert_eq!(read[1], "      8  2026-01-02T03:04:05Z  user          Done: the…");
        let missing = r#"{"id":"t","error":{"type":"not_found_error","message":"there is none"}}"#;
        let missing: Preview = serde_json::from_str(missing).expect("a preview");
        assert!(lines(&missing)[0].ends_with("  there is none"));
    }
}
