//! The text that a person wrote, for a title.

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

#[derive(Deserialize)]
struct Entry {
    message: Message,
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
}
