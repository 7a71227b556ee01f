//! The server itself: its health, its metrics, and this document.

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

pub(super) fn metrics() -> About {
    let schema = json!({ "type": "string", "description": "Prometheus's text format, version 0.0.4." });
    About::new(Tag::Process, "metrics", "What the server counts of itself", Access::Open)
        .answers(
            Answer::new(StatusCode::OK, "Every metric; docs/OPERATING.md tells what each means.")
                .form("text/plain", &schema),
        )
        .refuses(&[ErrorCode::Api])
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
