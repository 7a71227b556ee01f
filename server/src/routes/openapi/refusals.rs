//! Answers of refusal: one for each status and the error codes that an operation may give with it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use verbatim_proto::{ErrorCode, messages::ErrorAnswer, names};

use super::{about::Refused, headers, reference, schemas::Schemas};

/// The refusals that the document refers to.
pub(super) struct Refusals {
    body: Value,
    named: Map<String, Value>,
}

impl Refusals {
    pub(super) fn new(schemas: &mut Schemas) -> Self {
        Self { body: schemas.given::<ErrorAnswer>(), named: Map::new() }
    }

    /// By status, the refusals of an operation that may give `codes`.
    pub(super) fn of(
        &mut self,
        codes: &[ErrorCode],
        refused: Refused,
        of_session: bool,
        without_body: bool,
    ) -> Vec<(u16, Value)> {
        let mut by_status = BTreeMap::<u16, Vec<ErrorCode>>::new();
        for code in codes {
            by_status.entry(code.status()).or_default().push(*code);
        }
        by_status
            .into_iter()
            .map(|(status, codes)| (status, self.name(&codes, refused, of_session, without_body)))
            .collect()
    }

    fn name(&mut self, codes: &[ErrorCode], refused: Refused, of_session: bool, without_body: bool) -> Value {
        let mut headers: Vec<_> = codes.iter().filter_map(|code| header(*code)).collect();
        headers.dedup();
        // Whoever may not know the session is not told its head.
        if of_session && !matches!(codes, [ErrorCode::Authentication | ErrorCode::Permission]) {
            headers.push(names::X_LAST_UUID);
        }
        let mut name = codes.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(".");
        for (part, applies) in
            [(".append", refused == Refused::Append), (".session", of_session), (".head", without_body)]
        {
            name.extend(applies.then_some(part));
        }
        let refusal = self.document(codes, refused, &headers, without_body);
        let reference = reference("responses", &name);
        self.named.insert(name, refusal);
        reference
    }

    fn document(&self, codes: &[ErrorCode], refused: Refused, headers: &[&str], without_body: bool) -> Value {
        let meanings: Vec<_> = codes.iter().map(|code| format!("`{code}`: {}.", meaning(*code))).collect();
        let mut refusal = json!({ "description": meanings.join(" "), "headers": headers::references(headers) });
        if let Some(refusal) = refusal.as_object_mut().filter(|_| !without_body) {
            let names: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
            let mut required = vec![];
            if refused == Refused::Append {
                required.push("outcome");
            }
            if codes == [ErrorCode::Conflict] {
                required.extend(["expected", "head", "length"]);
            }
            let of_these = json!({
                "properties": { "error": { "properties": { "type": { "enum": names } } } },
                "required": required,
            });
            let schema = json!({ "allOf": [self.body, of_these] });
            refusal.insert("content".into(), json!({ "application/json": { "schema": schema } }));
        }
        refusal
    }

    /// All that was referred to.
    pub(super) fn into_components(self) -> Map<String, Value> {
        self.named
    }
}

/// The header that comes with a code.
fn header(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::Authentication => Some("www-authenticate"),
        ErrorCode::RateLimit | ErrorCode::Overloaded | ErrorCode::StorageFull | ErrorCode::ShuttingDown => {
            Some("retry-after")
        }
        ErrorCode::InvalidRequest
        | ErrorCode::RequestTooLarge
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::UuidReused
        | ErrorCode::Permission
        | ErrorCode::NotFound
        | ErrorCode::MethodNotAllowed
        | ErrorCode::RequestTimeout
        | ErrorCode::Conflict
        | ErrorCode::SessionExists
        | ErrorCode::PreconditionFailed
        | ErrorCode::SessionEnded
        | ErrorCode::CursorGone
        | ErrorCode::Api => None,
    }
}

fn meaning(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidRequest => "the request is out of form",
        ErrorCode::RequestTooLarge => "the body is over its limit",
        ErrorCode::UnsupportedMediaType => "the body is not declared as a type the route takes, or is encoded",
        ErrorCode::UuidReused => "the uuid or key stands in the chain already, with other content",
        ErrorCode::Authentication => "no token, or one that does not hold",
        ErrorCode::Permission => "the token may not do this",
        ErrorCode::NotFound => "there is none",
        ErrorCode::MethodNotAllowed => "the path does not take the method",
        ErrorCode::RequestTimeout => "the body took too long to arrive",
        ErrorCode::Conflict => "Last-Uuid is not the head, or the batch does not fit the chain",
        ErrorCode::SessionExists => "the id is another session's",
        ErrorCode::PreconditionFailed => "the session has changed since it was read",
        ErrorCode::SessionEnded => "the session has ended or is deleted",
        ErrorCode::CursorGone => "the chain that the cursor meant is gone",
        ErrorCode::RateLimit => "too many requests for now",
        ErrorCode::Overloaded => "the server has as much to do as it takes on",
        ErrorCode::StorageFull => "the disk is full",
        ErrorCode::ShuttingDown => "the server drains",
        ErrorCode::Api => "the server failed",
    }
}
