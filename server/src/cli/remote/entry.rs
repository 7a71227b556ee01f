//! One entry as a person reads it, and as programs do.

use verbatim_client::Entry;
use verbatim_proto::entry::{one_line, user_text};

use super::{
    Fault,
    output::{self, FormArgs},
};

/// Most characters of an entry that a person is shown.
const EXCERPT_CHARS_MAX: usize = 160;

pub(super) fn print(entry: &Entry, form: FormArgs) -> Result<(), Fault> {
    match form.is_for_people() {
        true => output::text_line(&row(entry)),
        false => output::json_line(entry, "the entry"),
    }
}

fn row(entry: &Entry) -> String {
    let payload = entry.payload.as_ref().map_or("", |payload| payload.get());
    let text = match entry.redaction() {
        Some(redaction) => format!("[redacted {}]", output::seconds(redaction.at)),
        None => user_text(payload.as_bytes()).unwrap_or_else(|| payload.to_owned()),
    };
    let text = one_line(&text, EXCERPT_CHARS_MAX);
    format!("{:>7}  {}  {:<12}  {text}", entry.seq, output::seconds(entry.created_at), entry.event_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_of(payload: &str) -> String {
        let envelope =
            r#""seq":7,"event_id":"u","event_type":"user","is_compaction":false,"created_at":"2026-01-02T03:04:05.6Z""#;
        row(&serde_json::from_str(&format!("{{{envelope},\"payload\":{payload}}}")).expect("an entry"))
    }

    #[test]
    fn a_person_sees_the_text_of_an_entry_on_one_line_and_else_its_json() {
        assert_eq!(
            row_of(r#"{"message":{"content":"Fix\n the build"}}"#),
            "      7  2026-01-02T03:04:05Z  user          Fix the build"
        );
        assert!(row_of("{\"x\":\n1}").ends_with("  {\"x\": 1}"));
    }

    #[test]
    fn a_person_sees_that_an_entry_was_redacted() {
        let redacted = format!(r#"{{"at":"2026-01-02T03:04:05.6Z","blake3":"{}"}}"#, "0".repeat(64));
        let stub = row_of(&format!(r#"{{"type":"user","redacted":{redacted}}}"#));
        assert!(stub.ends_with("  [redacted 2026-01-02T03:04:05Z]"), "{stub}");
    }
}
