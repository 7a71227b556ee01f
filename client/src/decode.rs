//! Bodies of answers as values; messages about those that are none hold nothing of them.

use serde::de::DeserializeOwned;

use crate::exchange::Answer;

/// The body as a `T`. Error: why it cannot be what the server meant to send; `what` names it, as in "the page".
pub(crate) fn whole<T: DeserializeOwned>(answer: &Answer, what: &str) -> Result<T, String> {
    serde_json::from_slice(&answer.body).map_err(|error| format!("{what} is damaged or cut off: {}", place(&error)))
}

/// Where a body ceased to be what it should be; serde_json's own message could quote content.
pub(crate) fn place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a member is missing or of another type",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
    };
    format!("{kind}, line {} column {}", error.line(), error.column())
}
