//! The verbs about sessions and the organisation, as scripts use them: JSON lines, exit statuses, nothing asked.

mod append;
mod changes;
mod gone;
mod keep;
mod tail;
mod verbs;

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout},
};
use verbatim_tests::{
    binary::{self, Finished},
    organization::Organization,
    server::Server,
    token::{ORG, Token},
    wait::within,
};

/// Runs verbs against a server, with an access token that may do everything.
struct Shell {
    server: Server,
    token: String,
}

impl Shell {
    async fn start() -> Self {
        Self::of(Server::start().await)
    }

    fn of(server: Server) -> Self {
        let token = server.signer().sign(&Token::access(ORG).scope("read append admin").claim("sub", "agent-7"));
        Self { server, token }
    }

    fn organization(&self) -> Organization {
        self.server.organization(ORG)
    }

    fn command(&self, args: &[&str]) -> tokio::process::Command {
        let mut command = binary::command();
        command.args(args).env("VERBATIM_URL", self.server.url()).env("VERBATIM_TOKEN", &self.token);
        command
    }

    async fn run(&self, args: &[&str]) -> Finished {
        self.run_with(args, "").await
    }

    async fn run_with(&self, args: &[&str], input: &str) -> Finished {
        let finished = binary::finish(&mut self.command(args), input.as_bytes()).await;
        assert!(!finished.stderr.contains(&self.token), "no token in a message");
        assert!(finished.stderr.is_empty() || finished.stderr.starts_with("verbatim: "), "{}", finished.stderr);
        finished
    }

    /// The JSON lines of a verb that succeeds.
    async fn lines(&self, args: &[&str]) -> Vec<Value> {
        let text = self.run(args).await.expect_code(0).text();
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON document a line")).collect()
    }

    /// The one JSON line of a verb that succeeds.
    async fn line(&self, args: &[&str]) -> Value {
        let mut lines = self.lines(args).await;
        assert_eq!(lines.len(), 1, "{args:?}: {lines:?}");
        lines.remove(0)
    }

    /// A verb that goes on until it is dropped, or ends by itself.
    fn follow(&self, args: &[&str]) -> Followed {
        let mut child = self.command(args).stdout(Stdio::piped()).spawn().expect("start the binary");
        let lines = BufReader::new(child.stdout.take().expect("its standard output")).lines();
        Followed { child, lines }
    }
}

/// A verb whose lines are read as they come.
struct Followed {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Followed {
    async fn line(&mut self) -> Value {
        let line = within("a line", self.lines.next_line()).await.expect("a pipe").expect("a line before the end");
        serde_json::from_str(&line).expect("a JSON document a line")
    }

    async fn expect_end(mut self, code: i32) {
        let line = within("the verb to end", self.lines.next_line()).await.expect("a pipe");
        assert_eq!(line, None, "nothing more");
        assert_eq!(within("the verb to end", self.child.wait()).await.expect("its status").code(), Some(code));
    }
}

/// The values of one member, a line each.
fn column<'a>(lines: &'a [Value], member: &str) -> Vec<&'a Value> {
    lines.iter().map(|line| &line[member]).collect()
}
