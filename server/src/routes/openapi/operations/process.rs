//! The server itself: its health, and this document.

use http::StatusCode;
use serde_json::json;
use verbatim_proto::ErrorCode;

use super::{About, Access, Answer, Tag};

pub(super) fn health() -> About {
    About::new(Tag::Process, "health", "Whether the process is alive", Access::Open)
        .answers(status("The process serves.", "ok"))
}

pub(super) fn ready() -> About {
    About::new(Tag::Process, "ready", "Whether appends are taken", Access::Open)
        .answers(status("Appends are taken.", "ready"))
        .refuses(&[ErrorCode::Overloaded, ErrorCode::StorageFull, ErrorCode::ShuttingDown])
}

pub(super) fn document() -> About {
    let schema = json!({ "type": "object", "required": ["openapi", "info", "paths", "components"] });
    About::new(Tag::Process, "document", "This document", Access::Open)
        .answers(Answer::new(StatusCode::OK, "The contract as OpenAPI 3.1.").json(&schema))
}

fn status(description: &'static str, word: &str) -> Answer {
    let schema = json!({ "type": "object", "properties": { "status": { "const": word } }, "required": ["status"] });
    Answer::new(StatusCode::OK, description).json(&schema)
}
