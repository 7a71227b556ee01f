//! The schemas of messages, from their types: of what clients send as it is read, of what they get as it is written.

use schemars::{
    JsonSchema,
    generate::{SchemaGenerator, SchemaSettings},
};
use serde_json::{Map, Value};

/// The schemas that the document refers to. What a type is named is also its name here.
pub(super) struct Schemas {
    sent: SchemaGenerator,
    given: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            sent: settings.clone().for_deserialize().into_generator(),
            given: settings.for_serialize().into_generator(),
        }
    }

    /// The schema of what a client sends.
    pub(super) fn sent<T: JsonSchema>(&mut self) -> Value {
        self.sent.subschema_for::<T>().to_value()
    }

    /// The schema of what it gets.
    pub(super) fn given<T: JsonSchema>(&mut self) -> Value {
        self.given.subschema_for::<T>().to_value()
    }

    /// All that was referred to. A type that is sent as well as given is the same in both.
    pub(super) fn into_components(mut self) -> Map<String, Value> {
        let mut all = self.sent.take_definitions(true);
        all.extend(self.given.take_definitions(true));
        all
    }

    /// What was referred to so far, as it is sent and as it is given.
    #[cfg(test)]
    pub(super) fn definitions(&self) -> (&Map<String, Value>, &Map<String, Value>) {
        (self.sent.definitions(), self.given.definitions())
    }
}
