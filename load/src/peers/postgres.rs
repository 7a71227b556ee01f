//! PostgreSQL with its defaults, which sync before each answer. One table; one conditional INSERT an append.

use std::{path::Path, sync::Arc, time::Duration};

use rustix::process::{Signal, geteuid};
use tokio::process::Command;
use tokio_postgres::{Client, NoTls, Statement, error::SqlState};
use verbatim_proto::EntryUuid;

use super::{
    process::{Place, Running, free_address},
    single,
};
use crate::{
    append::{Appender, Chain, Reply},
    engine::Failure,
    error::{LoadError, While},
    workload::Entry,
};

/// Its program, and how to get it.
pub const INSTALL: (&str, &str) = ("postgres", "apt-get install postgresql");

const TABLE: &str = "CREATE TABLE IF NOT EXISTS entries \
    (session text, seq bigint, uuid text NOT NULL, payload bytea NOT NULL, PRIMARY KEY (session, seq), UNIQUE (session, uuid))";
const APPEND: &str = "WITH head AS (SELECT seq, uuid FROM entries WHERE session = $1 ORDER BY seq DESC LIMIT 1) \
    INSERT INTO entries (session, seq, uuid, payload) \
    SELECT $1, coalesce((SELECT seq FROM head), -1) + 1, $2, $3 \
    WHERE (SELECT uuid FROM head) IS NOT DISTINCT FROM $4";
const HEAD: &str = "SELECT uuid FROM entries WHERE session = $1 ORDER BY seq DESC LIMIT 1";
/// Connections besides those of the agents.
const SPARE_CONNECTIONS: usize = 10;
const READY_MAX: u32 = 200;
const PAUSE: Duration = Duration::from_millis(20);

/// Makes a cluster in `folder` and starts it; as root, in the name of the user `postgres`, as it demands.
pub async fn start(program: &Path, folder: &Path, agents: usize) -> Result<Running, LoadError> {
    let data = folder.join("pgdata");
    let as_root = geteuid().is_root();
    std::fs::create_dir_all(&data).while_doing(format!("make {}", data.display()))?;
    if as_root {
        let status = Command::new("chown").arg("postgres:postgres").arg(&data).status().await;
        status.while_doing("give the data folder to postgres")?;
    }
    let run = |program: &Path| {
        if !as_root {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
        command
    };
    let mut initdb = run(&program.canonicalize().while_doing("find postgres")?.with_file_name("initdb"));
    initdb.arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]).current_dir("/");
    let made = initdb.output().await.while_doing("run initdb")?;
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr).trim().to_owned();
        return Err(LoadError::Target(format!("initdb failed: {said}")));
    }
    let address = free_address()?;
    let mut command = run(program);
    command
        .arg("-D")
        .arg(&data)
        .args(["-p", &address.port().to_string(), "-h", "127.0.0.1", "-k", ""])
        .current_dir("/");
    command.args(["-c", &format!("max_connections={}", agents + SPARE_CONNECTIONS)]);
    let running = Running::start(Place { name: "postgres", address }, command, folder, Signal::INT).await?;
    make_table(&running.place).await?;
    Ok(running)
}

async fn make_table(place: &Place) -> Result<(), LoadError> {
    let mut tries = 0;
    let client = loop {
        match connect(place).await {
            Ok(client) => break client,
            // It listens a moment before it lets anyone in.
            Err(_) if tries < READY_MAX => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(LoadError::Target(format!("connect to postgres: {error}"))),
        }
    };
    client.batch_execute(TABLE).await.map_err(|error| LoadError::Target(format!("make the table: {error}")))
}

async fn connect(place: &Place) -> Result<Client, tokio_postgres::Error> {
    let settings = format!("host={} port={} user=postgres dbname=postgres", place.address.ip(), place.address.port());
    let (client, connection) = tokio_postgres::connect(&settings, NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// One connection, with its statements prepared.
pub struct PostgresAppender {
    place: Arc<Place>,
    connected: Option<(Client, Statement, Statement)>,
}

impl PostgresAppender {
    /// Not yet connected.
    pub fn new(place: Arc<Place>) -> Self {
        Self { place, connected: None }
    }

    async fn connected(&mut self) -> Result<&(Client, Statement, Statement), Failure> {
        let broken = |error: tokio_postgres::Error| Failure::passing(error.to_string(), PAUSE);
        if self.connected.as_ref().is_none_or(|(client, ..)| client.is_closed()) {
            let client = connect(&self.place).await.map_err(broken)?;
            let append = client.prepare(APPEND).await.map_err(broken)?;
            let head = client.prepare(HEAD).await.map_err(broken)?;
            self.connected = Some((client, append, head));
        }
        self.connected.as_ref().ok_or_else(|| Failure::fatal("not connected"))
    }
}

impl Appender for PostgresAppender {
    async fn prepare(&mut self, _chains: &[Chain]) -> Result<(), Failure> {
        self.connected().await.map(drop)
    }

    async fn append(&mut self, chain: &Chain, entries: &[Entry]) -> Result<Reply, Failure> {
        let entry = single(entries)?;
        let (client, append, head) = self.connected().await?;
        let (session, uuid) = (chain.session.as_str(), entry.uuid.as_str());
        let expected = chain.head.as_ref().map(EntryUuid::as_str);
        let stored = match client.execute(append, &[&session, &uuid, &entry.body.as_slice(), &expected]).await {
            Ok(rows) => rows == 1,
            // Another writer took the place first.
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => false,
            Err(error) => return Err(Failure::passing(error.to_string(), PAUSE)),
        };
        if stored {
            return Ok(Reply::Stored);
        }
        let row =
            client.query_opt(head, &[&session]).await.map_err(|error| Failure::passing(error.to_string(), PAUSE))?;
        let head: Option<String> = row.map(|row| row.get(0));
        // An attempt whose answer was lost has been carried out.
        if head.as_deref() == Some(uuid) {
            return Ok(Reply::Stored);
        }
        Ok(Reply::Conflict(head.and_then(|head| EntryUuid::new(&head).ok())))
    }
}
