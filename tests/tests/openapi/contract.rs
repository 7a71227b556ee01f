//! The document as a judge of answers: whether one is what the document says the operation gives.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};
use verbatim_tests::{server::Server, wire::Answer};

/// Headers that mean something to a client, and so are described wherever they are.
const HEADERS: [&str; 6] = ["x-last-uuid", "x-entry-count", "etag", "location", "retry-after", "www-authenticate"];

/// The document of a server, and which of its answers were seen.
pub struct Contract {
    document: Value,
    /// The components, closed: a member that the document does not know is a breach, although a client passes over it.
    components: Value,
    seen: BTreeSet<(String, u16)>,
}

impl Contract {
    /// Fetches the document, without a token.
    pub async fn of(server: &Server) -> Self {
        let document = server.call("GET", "/openapi.json").send().await.expect(200).json();
        let mut components = document["components"].clone();
        for (name, schema) in components["schemas"].as_object_mut().expect("schemas") {
            if schema.get("properties").is_some() && name != "NewEntry" {
                schema["unevaluatedProperties"] = false.into();
            }
        }
        Self { document, components, seen: BTreeSet::new() }
    }

    /// The document itself.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Panics where the answer to `operation`, such as `get /healthz`, is not as the document has it.
    #[track_caller]
    pub fn check(&mut self, operation: &str, answer: &Answer) {
        let (method, path) = operation.split_once(' ').expect("METHOD PATTERN");
        let status = answer.status.to_string();
        let described = self.resolved(&self.document["paths"][path][method]["responses"][&status]);
        assert!(described.is_object(), "{operation} does not say that it answers {status}: {answer:?}");
        for (name, header) in described["headers"].as_object().expect("headers") {
            let header = self.resolved(header);
            match answer.header(name) {
                Some(text) => self.assert_valid(&header["schema"], &value_of(text), operation, name),
                None => assert_eq!(header["required"], false, "{operation} {status}: no {name}"),
            }
        }
        for name in HEADERS.into_iter().filter(|name| answer.header(name).is_some()) {
            assert!(described["headers"][name].is_object(), "{operation} does not say that its {status} has {name}");
        }
        match (described.get("content"), answer.header("content-type")) {
            (None, None) => assert!(answer.body.is_empty(), "{operation} {status}"),
            (None, Some(_)) => assert!(method == "head" && answer.body.is_empty(), "{operation} {status}"),
            (Some(content), form) => {
                let form = form.expect("a content-type").split(';').next().expect("a media type");
                let schema = &content[form]["schema"];
                assert!(schema.is_object(), "{operation} {status} does not say that it answers {form}");
                let body = if form == "application/json" { answer.json() } else { answer.text().into() };
                self.assert_valid(schema, &body, operation, &status);
            }
        }
        self.seen.insert((operation.to_owned(), answer.status));
    }

    /// Panics where `value` does not have the schema of this name.
    #[track_caller]
    pub fn check_value(&self, schema: &str, value: &Value) {
        self.assert_valid(&json!({ "$ref": format!("#/components/schemas/{schema}") }), value, schema, "");
    }

    /// Answers of success that the document names and that no check has seen.
    pub fn unseen(&self) -> Vec<String> {
        let mut unseen = vec![];
        for (path, item) in self.document["paths"].as_object().expect("paths") {
            let operations = item.as_object().expect("an item").iter().filter(|(method, _)| *method != "parameters");
            for (method, operation) in operations {
                for status in operation["responses"].as_object().expect("responses").keys() {
                    let key = (format!("{method} {path}"), status.parse().expect("a status"));
                    if status.starts_with('2') && !self.seen.contains(&key) {
                        unseen.push(format!("{} {status}", key.0));
                    }
                }
            }
        }
        unseen
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(target) => self.document.pointer(target.trim_start_matches('#')).expect("what is referred to"),
            None => value,
        }
    }

    #[track_caller]
    fn assert_valid(&self, schema: &Value, value: &Value, operation: &str, what: &str) {
        let schema = json!({ "allOf": [schema], "components": self.components });
        let errors: Vec<_> = validator(&schema).iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{operation} {what}: {errors:?}\n{value}");
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).expect("a schema")
}

/// A header's value: a number where it reads as one.
fn value_of(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| text.into(), Into::into)
}
