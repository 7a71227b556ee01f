//! Random commands against the server and against a plain model in memory: every answer is the model's.

use std::collections::HashMap;

use serde_json::{Value, json};
use verbatim_tests::{
    pages::{Page, Transcript},
    rng::Rng,
    server::Server,
    session::Session,
    wire::Answer,
};

const SEQUENCES: usize = 12;
const COMMANDS: usize = 60;

/// What a session is: its entries, in order.
#[derive(Debug, Default)]
struct Model {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: Name,
    body: String,
    is_boundary: bool,
}

/// What an entry is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Uuid(String),
    Key(String),
    Nothing,
}

impl Model {
    fn head(&self) -> Option<&str> {
        self.entries.iter().rev().find_map(|entry| match &entry.name {
            Name::Uuid(uuid) => Some(uuid.as_str()),
            Name::Key(_) | Name::Nothing => None,
        })
    }

    /// Status, and seq where there is one.
    fn append(&mut self, last: Option<&str>, name: &Name, body: &str, is_boundary: bool) -> (u16, Option<usize>) {
        let found = self.entries.iter().position(|entry| entry.name == *name && *name != Name::Nothing);
        match found {
            Some(seq) if self.entries[seq].body == body => (200, Some(seq)),
            Some(_) => (422, None),
            None if last != self.head() => (409, None),
            None => {
                self.entries.push(Entry { name: name.clone(), body: body.to_owned(), is_boundary });
                (201, Some(self.entries.len() - 1))
            }
        }
    }

    fn last_boundary(&self) -> usize {
        self.entries.iter().rposition(|entry| entry.is_boundary).unwrap_or(0)
    }

    fn ids(&self) -> Vec<String> {
        let id = |(seq, entry): (usize, &Entry)| match &entry.name {
            Name::Uuid(uuid) => uuid.clone(),
            Name::Key(_) | Name::Nothing => format!("~{seq}"),
        };
        self.entries.iter().enumerate().map(id).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_the_model() {
    let mut rng = Rng::seeded("model");
    let mut server = Server::start().await;
    for sequence in 0..SEQUENCES {
        let names = [format!("x{sequence}"), format!("y{sequence}")];
        let mut models: HashMap<&str, Model> = names.iter().map(|name| (name.as_str(), Model::default())).collect();
        for command in 0..COMMANDS {
            let name = rng.pick(&names).as_str();
            let model = models.get_mut(name).unwrap();
            step(&server.session(name), model, &mut rng).await.unwrap_or_else(|why| {
                panic!("sequence {sequence}, command {command}, session {name}: {why}; the model holds {model:?}")
            });
        }
        server = if rng.below(2) == 0 { server.restart().await } else { server.kill().await.start().await };
        for (name, model) in &models {
            if !model.entries.is_empty() {
                assert_eq!(server.session(name).ids().await, model.ids(), "sequence {sequence} after a restart");
            }
        }
    }
}

async fn step(session: &Session, model: &mut Model, rng: &mut Rng) -> Result<(), String> {
    match rng.below(10) {
        0..=6 => append(session, model, rng).await,
        7 => whole(session, model, rng.below(2) == 0).await,
        8 => pages(session, model, rng.below(5) + 1).await,
        _ => {
            let (head, length) = session.state().await;
            let wanted = (model.head().map(str::to_owned), model.entries.len() as u64);
            same("head and length", &(head, length), &wanted)
        }
    }
}

async fn append(session: &Session, model: &mut Model, rng: &mut Rng) -> Result<(), String> {
    // Few names and few contents, so that retries and reuse happen often.
    let number = rng.below(12).to_string();
    let name = match rng.below(4) {
        0 => Name::Key(number.clone()),
        1 => Name::Nothing,
        _ => Name::Uuid(number.clone()),
    };
    let is_boundary = rng.below(8) == 0;
    let mut body = json!({"content": rng.below(2), "type": "system"});
    if let Name::Uuid(uuid) = &name {
        body["uuid"] = uuid.as_str().into();
    }
    if is_boundary {
        body["subtype"] = "compact_boundary".into();
    }
    let body = body.to_string();
    let last = match rng.below(4) {
        0 => Some(rng.below(12).to_string()),
        1 if rng.below(3) == 0 => None,
        _ => model.head().map(str::to_owned),
    };
    let call = session.put(last.as_deref(), body.clone());
    let call = if let Name::Key(key) = &name { call.header("idempotency-key", key) } else { call };
    let answer = call.send().await;
    let wanted = model.append(last.as_deref(), &name, &body, is_boundary);
    let context = format!("append {name:?} {body} after {last:?}");
    let seq = answer.json()["seq"].as_u64().map(|seq| seq as usize);
    same(&context, &(answer.status, seq), &wanted)?;
    same_head(&context, &answer, model)?;
    match answer.status {
        409 => same(&context, &answer.json()["length"], &Value::from(model.entries.len())),
        _ => Ok(()),
    }
}

async fn whole(session: &Session, model: &Model, after_boundary: bool) -> Result<(), String> {
    let query = if after_boundary { "?after_last_compact=true" } else { "" };
    let answer = session.get(query).send().await;
    if model.entries.is_empty() {
        return same("an empty session", &answer.status, &404);
    }
    same_head("a whole read", &answer, model)?;
    let transcript = Transcript::of(&answer);
    let from = if after_boundary { model.last_boundary() } else { 0 };
    let wanted: Vec<_> = model.entries[from..].iter().map(|entry| entry.body.as_str()).collect();
    same("a whole read", &transcript.lines(), &wanted)
}

async fn pages(session: &Session, model: &Model, limit: u64) -> Result<(), String> {
    let mut read: Vec<(String, bool, String)> = Vec::new();
    let mut query = format!("?limit={limit}");
    loop {
        let answer = session.page(&query).send().await;
        if model.entries.is_empty() {
            return same("pages of an empty session", &answer.status, &404);
        }
        same_head("a page", &answer, model)?;
        let page = Page::of(&answer);
        read.extend(
            page.data.into_iter().map(|event| (event.event_id, event.is_compaction, event.payload.get().to_owned())),
        );
        match page.next_cursor {
            Some(cursor) => query = format!("?limit={limit}&cursor={cursor}"),
            None => break,
        }
    }
    let ids = model.ids().into_iter();
    let wanted: Vec<_> =
        ids.zip(&model.entries).map(|(id, entry)| (id, entry.is_boundary, entry.body.clone())).collect();
    same("pages", &read, &wanted)
}

fn same_head(context: &str, answer: &Answer, model: &Model) -> Result<(), String> {
    same(&format!("{context}: x-last-uuid"), &answer.header("x-last-uuid"), &model.head())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Result<(), String> {
    if got == wanted { Ok(()) } else { Err(format!("{what}: got {got:?}, the model says {wanted:?}")) }
}
