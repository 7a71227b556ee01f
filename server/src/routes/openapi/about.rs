//! What the document says of one operation.

use http::StatusCode;
use serde_json::{Map, Value, json};
use verbatim_proto::ErrorCode;

use super::{access::Access, headers};

/// An operation, described.
pub(super) struct About {
    pub(super) tag: Tag,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: Option<String>,
    pub(super) access: Access,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
    pub(super) answers: Vec<Answer>,
    pub(super) refused: Refused,
    /// It is about a session that its body names, and not its path.
    of_named_session: bool,
    codes: Vec<ErrorCode>,
}

/// What operations are grouped by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tag {
    Transcripts,
    Sessions,
    Entries,
    Organization,
    Process,
}

/// What is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// An append: its refusal says whether anything was stored.
    Append,
    /// Anything else.
    Other,
}

/// An answer of success.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    description: &'static str,
    content: Map<String, Value>,
    headers: Vec<&'static str>,
}

impl About {
    pub(super) fn new(tag: Tag, id: &'static str, summary: &'static str, access: Access) -> Self {
        let codes = match access {
            Access::Open => vec![],
            // Whatever has a token asks the store.
            Access::Organization(_) | Access::Session(_) => vec![
                ErrorCode::Authentication,
                ErrorCode::Permission,
                ErrorCode::Api,
                ErrorCode::Overloaded,
                ErrorCode::ShuttingDown,
            ],
        };
        Self {
            tag,
            id,
            summary,
            description: None,
            access,
            parameters: vec![],
            body: None,
            answers: vec![],
            refused: Refused::Other,
            of_named_session: false,
            codes,
        }
    }

    pub(super) fn says(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Query and header parameters; those of the path are the pattern's.
    pub(super) fn takes(mut self, parameters: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(parameters);
        self.refuses(&[ErrorCode::InvalidRequest])
    }

    /// A body: media types and their schemas.
    pub(super) fn body(mut self, required: bool, description: String, forms: &[(&str, Value)]) -> Self {
        let content: Map<_, _> = forms.iter().map(|(form, schema)| ((*form).to_owned(), content(schema))).collect();
        self.body = Some(json!({ "description": description, "required": required, "content": content }));
        self.refuses(&[
            ErrorCode::InvalidRequest,
            ErrorCode::RequestTimeout,
            ErrorCode::RequestTooLarge,
            ErrorCode::UnsupportedMediaType,
        ])
    }

    pub(super) fn answers(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// Error codes beside those that its token, its place, its parameters and its body bring along.
    pub(super) fn refuses(mut self, codes: &[ErrorCode]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// It is about the session that its body names.
    pub(super) fn of_named_session(mut self) -> Self {
        self.of_named_session = true;
        self
    }

    /// Whether its answers are about a session, and so name its head.
    pub(super) fn is_of_session(&self, pattern: &str) -> bool {
        self.of_named_session || pattern.contains("{session_id}")
    }

    /// It writes, for which a disk may be full.
    pub(super) fn writes(self) -> Self {
        self.refuses(&[ErrorCode::StorageFull])
    }

    /// It writes entries.
    pub(super) fn appends(mut self) -> Self {
        self.refused = Refused::Append;
        self.writes().refuses(&[ErrorCode::Conflict, ErrorCode::SessionEnded, ErrorCode::UuidReused])
    }

    /// Every error code that it may answer with, in the protocol's order.
    pub(super) fn codes(&self, pattern: &str) -> Vec<ErrorCode> {
        let place = pattern.contains('{').then_some(ErrorCode::InvalidRequest);
        ErrorCode::ALL.into_iter().filter(|code| self.codes.contains(code) || place == Some(*code)).collect()
    }
}

impl Tag {
    const ALL: [Self; 5] = [Self::Transcripts, Self::Sessions, Self::Entries, Self::Organization, Self::Process];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Transcripts => "transcripts",
            Self::Sessions => "sessions",
            Self::Entries => "entries",
            Self::Organization => "organization",
            Self::Process => "process",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Transcripts => "One session's transcript: append an entry, read all of it or page by page.",
            Self::Sessions => "Sessions as resources.",
            Self::Entries => "A session's entries: batches, pages from any place, one by one, live.",
            Self::Organization => "The organisation as a whole: changes of its sessions, usage, retention.",
            Self::Process => "The server itself.",
        }
    }
}

/// The groups of operations.
pub(super) fn tags() -> Vec<Value> {
    Tag::ALL.into_iter().map(|tag| json!({ "name": tag.name(), "description": tag.description() })).collect()
}

impl Answer {
    pub(super) fn new(status: StatusCode, description: &'static str) -> Self {
        Self { status, description, content: Map::new(), headers: vec![] }
    }

    pub(super) fn json(self, schema: &Value) -> Self {
        self.form("application/json", schema)
    }

    pub(super) fn form(mut self, form: &str, schema: &Value) -> Self {
        self.content.insert(form.to_owned(), content(schema));
        self
    }

    /// Server-sent events, told by their frames.
    pub(super) fn frames(self, frames: &str, example: &str) -> Self {
        let schema = json!({ "type": "string", "description": frames, "examples": [example] });
        self.form("text/event-stream", &schema)
    }

    /// Headers of its own, each by its name in lower case; `request-id` is on every answer.
    pub(super) fn with(mut self, headers: &[&'static str]) -> Self {
        self.headers.extend(headers);
        self
    }

    pub(super) fn document(&self) -> Value {
        let mut document = json!({ "description": self.description, "headers": headers::references(&self.headers) });
        if let Some(object) = document.as_object_mut().filter(|_| !self.content.is_empty()) {
            object.insert("content".into(), self.content.clone().into());
        }
        document
    }
}

fn content(schema: &Value) -> Value {
    json!({ "schema": schema })
}
