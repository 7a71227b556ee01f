//! A server process of the test's own: started on a free port, stopped by signals, killed when the test lets go of it.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::TcpStream,
    process::{Child, Command},
    sync::mpsc,
};

use crate::{
    binary,
    organization::Organization,
    session::Session,
    tls::Tls,
    token::{ORG, Signer, Token},
    wait::{HANG, until, within},
    wire::Call,
};

/// How to start a server.
#[derive(Debug, Clone)]
pub struct Setup {
    folder: Arc<TempDir>,
    data_dir: PathBuf,
    seen_at: Option<PathBuf>,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    wrapper: Vec<OsString>,
    tls: Option<Tls>,
}

impl Default for Setup {
    fn default() -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let data_dir = folder.path().join("data");
        Self { folder, data_dir, seen_at: None, args: Vec::new(), env: Vec::new(), wrapper: Vec::new(), tls: None }
    }
}

impl Setup {
    /// Adds a flag or its value.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Keeps the data in `dir` in place of a folder of its own.
    #[must_use]
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = dir.into();
        self
    }

    /// Where the test finds the data folder, if the server sees another file system.
    #[must_use]
    pub fn seen_at(mut self, dir: impl Into<PathBuf>) -> Self {
        self.seen_at = Some(dir.into());
        self
    }

    /// Starts the binary through another command, which must replace itself with it.
    #[must_use]
    pub fn wrapped_in(mut self, wrapper: Vec<OsString>) -> Self {
        self.wrapper = wrapper;
        self
    }

    /// Speaks to it in this way, as its flags make it speak TLS.
    #[must_use]
    pub fn over(mut self, tls: &Tls) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    /// A folder that lives as long as the setup, for configuration files and the like.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn visible_dir(&self) -> &Path {
        self.seen_at.as_deref().unwrap_or(&self.data_dir)
    }

    /// The command line that serves.
    pub fn command(&self) -> Command {
        let mut line = self.wrapper.clone();
        line.extend([binary::path().into(), "serve".into(), "--data-dir".into(), self.data_dir.clone().into()]);
        line.extend(["--listen".into(), "127.0.0.1:0".into()]);
        line.extend(self.args.iter().cloned());
        let mut command = binary::prepare(Command::new(&line[0]));
        command.args(&line[1..]);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the server and waits until it listens and answers.
    pub async fn start(self) -> Server {
        let mut command = self.command();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start the server");
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, mut listening) = mpsc::channel(64);
        collect(child.stdout.take().expect("stdout"), Arc::clone(&log), Some(lines));
        collect(child.stderr.take().expect("stderr"), Arc::clone(&log), None);
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let address = within("the server to say where it listens", async {
            while let Some(line) = listening.recv().await {
                if let Some(address) = line.strip_prefix(&format!("listening on {scheme}://")) {
                    return address.trim().parse::<SocketAddr>().expect("listening on SCHEME://HOST:PORT");
                }
            }
            panic!("the server ended before it listened; it said:\n{}", log.lock().expect("the log"));
        })
        .await;
        // The line may come before anything else on the pipe is read: keep draining it.
        tokio::spawn(async move { while listening.recv().await.is_some() {} });
        let signer = until("the signing key", async || Signer::local(self.visible_dir())).await;
        let server = Server { child, address, log, signer, setup: self };
        let healthy = within("/healthz to answer", server.call("GET", "/healthz").send()).await;
        assert_eq!(healthy.status, 200, "{healthy:?}");
        server
    }
}

fn collect(
    pipe: impl AsyncRead + Unpin + Send + 'static,
    log: Arc<Mutex<String>>,
    lines: Option<mpsc::Sender<String>>,
) {
    tokio::spawn(async move {
        let mut reader = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            {
                let mut log = log.lock().expect("the log");
                log.push_str(&line);
                log.push('\n');
            }
            if let Some(lines) = &lines {
                let _ = lines.send(line).await;
            }
        }
    });
}

/// A running server. Dropping it kills the process; its data goes with the last [`Setup`] that names them.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
    signer: Signer,
    setup: Setup,
}

impl Server {
    /// A server with default settings on a folder of its own.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        let scheme = if self.setup.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Its data folder.
    pub fn data_dir(&self) -> &Path {
        self.setup.visible_dir()
    }

    /// How it was started.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("a running server")
    }

    /// Everything it has written to its standard output and error so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }

    /// The signer that holds the data folder's own key.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// A request without a token.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.address, method, path).over(self.setup.tls.as_ref())
    }

    /// A session of [`ORG`], with a session token that may read and append.
    pub fn session(&self, id: &str) -> Session {
        self.session_as(id, &Token::session(id, ORG))
    }

    /// A session under a token of one's own.
    pub fn session_as(&self, id: &str, token: &Token) -> Session {
        self.session_by(id, &self.signer.sign(token))
    }

    /// A session under a token as it goes over the wire.
    pub fn session_by(&self, id: &str, token: &str) -> Session {
        Session::new(self.address, id, token).over(self.setup.tls.as_ref())
    }

    /// An organisation, with an access token that may do everything in it.
    pub fn organization(&self, org: &str) -> Organization {
        Organization::new(self.address, self.signer.sign(&Token::access(org).scope("read append admin")))
    }

    /// An organisation under a token of one's own.
    pub fn organization_as(&self, token: &Token) -> Organization {
        Organization::new(self.address, self.signer.sign(token))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("signal the server");
    }

    /// Waits for the process to end; gives its status, all it said, and how to start it again.
    pub async fn ended(mut self) -> (ExitStatus, String, Setup) {
        let status = within("the server to end", self.child.wait()).await.expect("its status");
        (status, self.log(), self.setup)
    }

    /// SIGTERM, and a look at the exit status.
    pub async fn stop(self) -> Setup {
        self.signal(Signal::TERM);
        let (status, log, setup) = self.ended().await;
        assert!(status.success(), "{status}; it said:\n{log}");
        setup
    }

    /// SIGKILL.
    pub async fn kill(self) -> Setup {
        self.signal(Signal::KILL);
        self.ended().await.2
    }

    /// Stops it and starts it again on the same data.
    pub async fn restart(self) -> Self {
        self.stop().await.start().await
    }

    /// Waits until it takes no more connections.
    pub async fn refuses_connections(&self) {
        let what = format!("{} to refuse connections (at most {} s)", self.address, HANG.as_secs());
        until(&what, async || match TcpStream::connect(self.address).await {
            Ok(_) => Err("it took one"),
            Err(_) => Ok(()),
        })
        .await;
    }
}
