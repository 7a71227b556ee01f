//! The text of an entry: what a person wrote first, for a title; what was said, for a preview.

use serde::Deserialize;

/// The first text of a user's entry: `message.content` where it is a text, else the first item of it that is one.
/// None where there is none, or where the entry does not have this shape.
pub fn user_text(payload: &[u8]) -> Option<String> {
    let entry: Entry = serde_json::from_slice(payload).ok()?;
    let text = match entry.message.content {
        Content::Text(text) => Some(text),
        Content::Items(items) => items.into_iter().find(|item| item.kind == "text").and_then(|item| item.text),
    };
    text.filter(|text| !text.trim().is_empty())
}

/// What was said in an entry: the texts of `message.content`, one a line, or else its `summary`. None where there is none.
pub fn said_text(payload: &[u8]) -> Option<String> {
    let entry: AnyEntry = serde_json::from_slice(payload).ok()?;
    let text = match entry.message.map(|message| message.content) {
        Some(Content::Text(text)) => Some(text),
        Some(Content::Items(items)) => {
            let texts = items.into_iter().filter(|item| item.kind == "text").filter_map(|item| item.text);
            Some(texts.collect::<Vec<_>>().join("\n"))
        }
        None => entry.summary,
    };
    text.filter(|text| !text.trim().is_empty())
}

#[derive(Deserialize)]
struct Entry {
    message: Message,
}

#[derive(Deserialize)]
struct AnyEntry {
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    summary: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Items(Vec<Item>),
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

/// One line of `text`, at most `chars_max` characters, cut between characters; white space runs become one space.
pub fn one_line(text: &str, chars_max: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_text_on_one_line() {
        let plain = br#"{"type":"user","message":{"role":"user","content":"Fix\n the  build"}}"#;
        let items = br#"{"message":{"content":[{"type":"tool_result","content":[]},{"type":"text","text":"hi"}]}}"#;
        assert_eq!(user_text(plain).map(|text| one_line(&text, 80)).as_deref(), Some("Fix the build"));
        assert_eq!(user_text(items).as_deref(), Some("hi"));
        for none in [&b"{}"[..], b"[]", br#"{"message":{"content":[]}}"#, br#"{"message":{"content":"  "}}"#] {
            assert_eq!(user_text(none), None);
        }
        assert_eq!(one_line("äöü🦀x", 4), "äöü🦀");
    }

    #[test]
    fn what_was_said_is_all_texts_or_the_summary() {
        let both =
            br#"{"message":{"content":[{"type":"text","text":"a"},{"type":"tool_use"},{"type":"text","text":"b"}]}}"#;
        assert_eq!(said_text(both).as_deref(), Some("a\nb"));
        assert_eq!(said_text(br#"{"type":"summary","summary":"short"}"#).as_deref(), Some("short"));
        for none in [&b"{}"[..], b"[]", br#"{"message":{"content":[{"type":"tool_use"}]}}"#, br#"{"summary":" "}"#] {
            assert_eq!(said_text(none), None);
        }
    }
}
