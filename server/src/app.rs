//! The one file that sees every layer: opens the store, builds service and routes, serves, drains, closes.

mod keys;

use std::{
    fs::{self, File},
    future::Future,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::signal::unix::Signal;

use crate::{
    auth::{FetchError, Fetcher, KeyError, RevokedError, local::LocalKey, local::LocalKeyError},
    clock::{Clock, SystemClock},
    config::Config,
    metrics::{Exporter, InstallError},
    reload::{self, Part},
    routes::{InvalidTable, RouteLimits, Routes},
    service::{Service, ServiceLimits},
    store::{
        Store, StoreError,
        rocks::{Reserve, RocksStore, Sizes},
    },
    transport::{self, ConnectionLimits, Tls, TlsError},
};
use keys::Trust;

/// Why the server could not start. Named by what the operator should look at.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error("the data folder {}: {cause}; give a folder this user may write with --data-dir", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The data folder's own key.
    #[error(transparent)]
    LocalKey(#[from] LocalKeyError),
    /// A configured key.
    #[error("--trusted-key or --trusted-jwks: {0}")]
    TrustedKey(#[from] KeyError),
    /// The keys that an issuer publishes.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The revocation list.
    #[error("--revoked: {0}")]
    Revoked(#[from] RevokedError),
    /// The certificate, its key, or the clients' authorities.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The store.
    #[error("the store in {}: {cause}", path.display())]
    Store {
        /// Its folder.
        path: PathBuf,
        /// What was wrong.
        cause: StoreError,
    },
    /// Metrics.
    #[error(transparent)]
    Metrics(#[from] InstallError),
    /// The route table.
    #[error(transparent)]
    Routes(#[from] InvalidTable),
    /// The port.
    #[error("cannot listen on {address}: {cause}; give another with --listen, or stop what listens there")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
}

/// A server that is bound and ready to serve.
pub struct App {
    listener: tokio::net::TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
    service: Arc<Service>,
    store: Arc<dyn Store>,
    routes: Arc<Routes>,
    tls: Option<Arc<Tls>>,
    /// What keeps certificates, keys and revocations current.
    parts: Vec<Part>,
    fetcher: Option<Fetcher>,
    exporter: Arc<Exporter>,
    config: Config,
}

impl App {
    /// Makes what is missing of the data folder, opens the store, syncs, fetches keys that are published elsewhere, and
    /// only then binds the port.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        // What counts takes its handles when it is made.
        let exporter = Arc::new(Exporter::install()?);
        let (store, trust, tls) = {
            let config = config.clone();
            let opened = tokio::task::spawn_blocking(move || open(&config)).await;
            opened.map_err(|error| StartError::Store {
                path: PathBuf::new(),
                cause: StoreError::engine("open the store")(error),
            })??
        };
        let Trust { auth, fetcher, mut parts } = trust;
        if let Some(fetcher) = &fetcher {
            fetcher.first().await?;
        }
        let tls = tls.map(|(tls, part)| {
            parts.push(part);
            tls
        });
        let rules = ServiceLimits {
            entry_bytes_max: config.entry_bytes_max,
            queue_bytes_max: config.queue_bytes_max,
            bin_retention: config.bin_retention,
        };
        let service = Arc::new(Service::new(Arc::clone(&store), &rules, Arc::new(SystemClock)));
        let limits = RouteLimits { body_timeout: config.body_timeout };
        let routes = Arc::new(Routes::new(Arc::clone(&service), auth, Arc::clone(&exporter), limits)?);
        let (listener, address) = transport::bind(config.listen)
            .await
            .map_err(|cause| StartError::Listen { address: config.listen, cause })?;
        Ok(Self { listener, address, service, store, routes, tls, parts, fetcher, exporter, config })
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `stop` resolves; then answers what is under way and closes the store. Whenever `hangup` comes, it reads
    /// certificates, keys and the revocation list again.
    pub async fn run(self, stop: impl Future<Output = ()>, hangup: Signal) {
        let Self { listener, service, store, routes, tls, parts, fetcher, exporter, config, .. } = self;
        tokio::spawn(reload::keep_current(parts, hangup));
        if let Some(fetcher) = fetcher {
            tokio::spawn(fetcher.keep_current());
        }
        let limits = ConnectionLimits {
            connections_max: config.connections_max,
            header_timeout: config.header_timeout,
            write_timeout: config.write_timeout,
        };
        let handle = move |request| {
            let routes = Arc::clone(&routes);
            async move { routes.handle(request).await }
        };
        let sweeper = Arc::clone(&service);
        let sweeper = tokio::spawn(async move { sweeper.sweep(config.sweep_interval).await });
        let upkeep = tokio::spawn(exporter.keep_up());
        let stop = async {
            stop.await;
            service.start_draining();
            tracing::info!("draining: no new connections, what is under way is answered");
        };
        if !transport::serve(listener, tls, handle, limits, stop, config.drain_timeout).await {
            tracing::warn!("some requests were still under way when the time to drain was over");
        }
        upkeep.abort();
        if sweeper.await.is_err() {
            tracing::error!("the search for what is to go had ended early");
        }
        if tokio::task::spawn_blocking(move || store.close()).await.is_err() {
            tracing::error!("the store was not closed cleanly; what was acknowledged is safe");
        }
        tracing::info!("closed");
    }
}

/// What a start reads.
type Opened = (Arc<dyn Store>, Trust, Option<(Arc<Tls>, Part)>);

fn open(config: &Config) -> Result<Opened, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let folder = &config.data_dir;
    let at_folder = |cause| StartError::Folder { path: folder.clone(), cause };
    fs::create_dir_all(folder).map_err(at_folder)?;
    let path = folder.join("db");
    let local = LocalKey::read_or_make(folder, path.exists())?;
    let trust = Trust::read(config, &local, Arc::clone(&clock))?;
    let tls = keys::read_tls(config)?;

    let sizes = Sizes { cache_bytes: config.cache_bytes, memtable_bytes: config.memtable_bytes };
    let reserve = Reserve { bytes_max: config.disk_reserve_bytes };
    let store = RocksStore::open(&path, sizes, reserve, clock).map_err(|cause| StartError::Store { path, cause })?;
    sync_with_parents(folder).map_err(at_folder)?;
    Ok((Arc::new(store), trust, tls))
}

/// Checks what a start would need besides the store and what others publish: for `--check-config`.
pub fn check(config: &Config) -> Result<(), StartError> {
    if config.data_dir.exists() && !config.data_dir.is_dir() {
        let cause = io::Error::from(io::ErrorKind::NotADirectory);
        return Err(StartError::Folder { path: config.data_dir.clone(), cause });
    }
    keys::check(config)
}

/// A new name is safe once the folder that holds it is synced, and so on upwards. A parent that may not be opened was
/// not made by us.
fn sync_with_parents(folder: &Path) -> io::Result<()> {
    let folder = folder.canonicalize()?;
    File::open(&folder)?.sync_all()?;
    for parent in folder.ancestors().skip(1) {
        if let Ok(parent) = File::open(parent) {
            let _ = parent.sync_all();
        }
    }
    Ok(())
}
