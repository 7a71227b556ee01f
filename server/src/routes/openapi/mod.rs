//! `GET /openapi.json`: the wire contract as an OpenAPI 3.1 document, made at start from the route table, the messages of
//! `proto` and its limits.
//!
//! The table says which operations there are, and `operations` describes each of them in an exhaustive match: a route that
//! is not described does not compile. docs/PROTOCOL.md says the rest: what no schema can.

mod about;
mod access;
mod headers;
mod operations;
mod parameters;
mod refusals;
mod schemas;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use self::{about::About, refusals::Refusals, schemas::Schemas};
use super::{
    Body, json_body,
    table::{ROUTES, fills_in_another},
};

/// The document, as it was made at start.
pub(super) fn answer(document: &Bytes) -> Response<Body> {
    json_body(StatusCode::OK, Body::whole(document.clone()))
}

/// Makes the document.
pub(super) fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut refusals = Refusals::new(&mut schemas);
    let mut paths = Map::new();
    for (pattern, methods) in ROUTES {
        let mut path = Map::new();
        path.insert("parameters".into(), parameters::of_path(pattern));
        for (method, operation) in methods.iter().filter(|(method, of)| !fills_in_another(pattern, method, *of)) {
            let about = operations::describe(*operation, &mut schemas);
            path.insert(method.as_str().to_ascii_lowercase(), about.document(pattern, method, &mut refusals));
        }
        paths.insert((*pattern).to_owned(), path.into());
    }
    let (parameters, headers) = (parameters::components(&mut schemas), headers::components(&mut schemas));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Verbatim",
            "summary": "An append-only store for the transcripts of agents.",
            "description": "Every GET answers HEAD as well. What no schema can say, such as in which order an append is checked, is in docs/PROTOCOL.md.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "tags": about::tags(),
        "paths": paths,
        "components": {
            "securitySchemes": access::security_schemes(),
            "parameters": parameters,
            "headers": headers,
            "responses": refusals.into_components(),
            "schemas": schemas.into_components(),
        },
    })
}

/// A reference to a part of the document.
fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

impl About {
    /// The operation as the document has it.
    fn document(self, pattern: &str, method: &Method, refusals: &mut Refusals) -> Value {
        let is_head = *method == Method::HEAD;
        let codes = self.codes(pattern);
        let mut answers: Map<_, _> =
            self.answers.iter().map(|answer| (answer.status.as_str().to_owned(), answer.document())).collect();
        for (status, named) in refusals.of(&codes, self.refused, self.is_of_session(pattern), is_head) {
            answers.insert(status.to_string(), named);
        }
        let mut document = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [self.tag.name()],
            "security": self.access.document(),
            "responses": answers,
        });
        if let Some(object) = document.as_object_mut() {
            object.extend(self.description.map(|text| ("description".to_owned(), text.into())));
            object.extend(self.body.map(|body| ("requestBody".to_owned(), body)));
            let mut parameters = self.parameters;
            if self.access.is_needed() {
                parameters.push(reference("parameters", verbatim_proto::names::X_ORGANIZATION_UUID));
            }
            if !parameters.is_empty() {
                object.insert("parameters".to_owned(), parameters.into());
            }
        }
        document
    }
}

#[cfg(test)]
mod tests;
