//! The document is whole: it has the table's routes and no others, and nothing in it points nowhere.

use std::collections::BTreeSet;

use super::*;

/// Every value of the document, and where it is.
fn walk<'a>(at: String, value: &'a Value, seen: &mut dyn FnMut(&str, &'a Value)) {
    seen(&at, value);
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| walk(format!("{at}/{name}"), value, seen)),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, value)| walk(format!("{at}/{n}"), value, seen)),
        _ => {}
    }
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, item): (&String, &'static str)| (format!("{item} {path}"), &document["paths"][path][item]);
    let methods = ["get", "head", "put", "post", "patch", "delete"];
    let all = paths.keys().flat_map(|path| methods.into_iter().map(move |method| (path, method)));
    all.map(of).filter(|(_, operation)| !operation.is_null()).collect()
}

#[test]
fn it_has_the_routes_of_the_table_and_no_others() {
    let document = document();
    let found: BTreeSet<_> = operations(&document).into_iter().map(|(name, _)| name).collect();
    let methods = |(pattern, methods): &(&str, &[(Method, _)])| {
        methods.iter().map(|(method, _)| format!("{} {pattern}", method.as_str().to_lowercase())).collect::<Vec<_>>()
    };
    let mut routes: BTreeSet<_> = ROUTES.iter().flat_map(methods).collect();
    // A session may be named previews; what is done to it is described under {session_id}.
    for method in ["get", "patch", "delete"] {
        assert!(routes.remove(&format!("{method} /v1/sessions/previews")));
    }
    assert_eq!(found, routes);
    let items: usize = document["paths"]
        .as_object()
        .expect("paths")
        .values()
        .map(|item| item.as_object().expect("an item").len())
        .sum();
    assert_eq!(items, found.len() + ROUTES.len(), "nothing but operations, and each path's parameters");
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_referred_to() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(String::new(), &document, &mut |at, value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{at}: {target}");
            used.insert(target.to_owned());
        }
    });
    for kind in ["parameters", "headers", "responses", "schemas"] {
        for name in document["components"][kind].as_object().expect(kind).keys() {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "{kind}/{name} is used nowhere");
        }
    }
}

#[test]
fn every_operation_says_what_it_does_and_has_a_name_of_its_own() {
    let document = document();
    let mut names = BTreeSet::new();
    for (at, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].as_str().expect("a name")), "{at}");
        assert!(!operation["summary"].as_str().expect("a summary").is_empty(), "{at}");
        let answers = operation["responses"].as_object().expect("answers");
        assert!(answers.keys().any(|status| status.starts_with('2')), "{at}");
        assert!(answers.keys().all(|status| status.len() == 3), "{at}: {:?}", answers.keys());
        let open = ["/healthz", "/readyz", "/openapi.json", "/metrics"].iter().any(|path| at.contains(path));
        assert_eq!(answers.contains_key("401"), !open, "{at}");
        assert_eq!(operation["security"] == json!([]), open, "{at}");
    }
}

/// What is sent as well as given has one schema under one name.
#[test]
fn a_type_means_the_same_both_ways() {
    let mut schemas = Schemas::new();
    for (_, methods) in ROUTES {
        methods.iter().for_each(|(_, operation)| drop(operations::describe(*operation, &mut schemas)));
    }
    let (sent, given) = schemas.definitions();
    for (name, schema) in sent {
        assert_eq!(given.get(name).unwrap_or(schema), schema, "{name}");
    }
}
