//! A run: threads, their agents, the moment when the clock starts, and what all of them recorded.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use futures_util::future::LocalBoxFuture;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::LocalSet,
};

use super::{
    Agent, ClassRecord, Lane, Window,
    lane::Pace,
    live::{Abort, Live},
    pacer::Pacer,
};
use crate::error::{LoadError, While};

/// How long all agents together may take to connect and prepare.
const PREPARE_MAX: Duration = Duration::from_secs(120);

/// Agents that do the same kind of work and are measured as one.
#[derive(Clone)]
pub struct Group {
    /// What they do, as reports name it.
    pub class: String,
    /// How many they are.
    pub agents: usize,
    /// Operations a second of all together; None: each goes on as soon as it can.
    pub rate: Option<f64>,
    start: Start,
}

type Start = Arc<dyn Fn(usize, Lane) -> LocalBoxFuture<'static, ()> + Send + Sync>;

impl Group {
    /// `make` makes the agent of a given number (from 0), on the thread where it will stay.
    pub fn new<A: Agent>(
        class: &str,
        agents: usize,
        rate: Option<f64>,
        make: impl Fn(usize) -> A + Send + Sync + 'static,
    ) -> Self {
        Self::custom(class, agents, rate, move |index, lane| Box::pin(lane.drive(make(index))))
    }

    /// For work that is not one operation after another: `start` uses the lane as it sees fit.
    pub fn custom(
        class: &str,
        agents: usize,
        rate: Option<f64>,
        start: impl Fn(usize, Lane) -> LocalBoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self { class: class.to_owned(), agents, rate, start: Arc::new(start) }
    }

    fn pace(&self, index: usize) -> Pace {
        match self.rate {
            None => Pace::Closed,
            Some(rate) => {
                let every = Duration::from_secs_f64(self.agents as f64 / rate);
                Pace::Open { every, offset: every.mul_f64(index as f64 / self.agents as f64) }
            }
        }
    }
}

/// A run as it is asked for.
#[derive(Clone)]
pub struct Plan {
    /// The agents.
    pub groups: Vec<Group>,
    /// Threads that the agents are dealt out to.
    pub threads: usize,
    /// Time before the window.
    pub warm_up: Duration,
    /// Length of the window.
    pub duration: Duration,
}

/// What a run measured.
pub struct Ran {
    /// One for each group, all threads merged.
    pub classes: Vec<(String, ClassRecord)>,
    /// The window.
    pub window: Window,
}

/// What the one who waits for a run may look at and call while it goes on.
pub trait Observer {
    /// The clock has started: agents work from `begin`, and are measured in the window.
    fn started(&mut self, begin: Instant, window: Window);
    /// A tenth of a second has passed.
    fn tick(&mut self, live: &[(String, Arc<Live>)]);
    /// The window has just begun, or just ended.
    fn boundary(&mut self, ended: bool);
}

struct Deal {
    groups: Vec<Group>,
    thread: usize,
    threads: usize,
    live: Vec<Arc<Live>>,
    abort: Arc<Abort>,
    prepared: mpsc::UnboundedSender<()>,
    window: watch::Receiver<Option<(Instant, Window)>>,
}

/// Runs a plan. Errors: an agent could not prepare or met a failure that no retry mends; a thread could not start.
pub async fn run(plan: Plan, observer: &mut dyn Observer) -> Result<Ran, LoadError> {
    let live: Vec<_> = plan.groups.iter().map(|_| Arc::new(Live::default())).collect();
    let abort = Arc::new(Abort::default());
    let (prepared, mut preparing) = mpsc::unbounded_channel();
    let (starter, window) = watch::channel(None);
    let mut threads = Vec::new();
    for thread in 0..plan.threads {
        let deal = Deal {
            groups: plan.groups.clone(),
            thread,
            threads: plan.threads,
            live: live.clone(),
            abort: Arc::clone(&abort),
            prepared: prepared.clone(),
            window: window.clone(),
        };
        let (send, receive) = oneshot::channel();
        thread::Builder::new()
            .name(format!("load-{thread}"))
            .spawn(move || drop(send.send(on_thread(deal))))
            .while_doing("start a load thread")?;
        threads.push(receive);
    }
    drop((prepared, window));

    let agents: usize = plan.groups.iter().map(|group| group.agents).sum();
    let all_prepared = async {
        for _ in 0..agents {
            if preparing.recv().await.is_none() || abort.reason().is_some() {
                break;
            }
        }
    };
    let in_time = tokio::time::timeout(PREPARE_MAX, all_prepared).await.is_ok();
    give_up_where_asked(&abort)?;
    if !in_time {
        return Err(LoadError::Target(format!("{agents} agents did not get ready within {PREPARE_MAX:?}")));
    }

    let begin = Instant::now() + Duration::from_millis(20);
    let window = Window::new(begin + plan.warm_up, plan.duration);
    observer.started(begin, window);
    let _ = starter.send(Some((begin, window)));
    let named: Vec<_> = plan.groups.iter().map(|group| group.class.clone()).zip(live).collect();
    watch_over(window, &named, &abort, observer).await?;

    let mut classes: Vec<_> = named.into_iter().map(|(class, _)| (class, ClassRecord::default())).collect();
    for thread in threads {
        let records = thread.await.map_err(|_| LoadError::Target("a load thread ended early".to_owned()))??;
        for ((_, class), record) in classes.iter_mut().zip(&records) {
            class.merge(record);
        }
    }
    drop(starter);
    give_up_where_asked(&abort)?;
    Ok(Ran { classes, window })
}

async fn watch_over(
    window: Window,
    live: &[(String, Arc<Live>)],
    abort: &Abort,
    observer: &mut dyn Observer,
) -> Result<(), LoadError> {
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    for (boundary, ended) in [(window.start, false), (window.end, true)] {
        let boundary = tokio::time::sleep_until(boundary.into());
        tokio::pin!(boundary);
        loop {
            tokio::select! {
                biased;
                () = &mut boundary => break,
                _ = ticks.tick() => {
                    give_up_where_asked(abort)?;
                    observer.tick(live);
                }
            }
        }
        observer.boundary(ended);
    }
    Ok(())
}

fn give_up_where_asked(abort: &Abort) -> Result<(), LoadError> {
    abort.reason().map_or(Ok(()), |reason| Err(LoadError::Target(reason)))
}

fn on_thread(deal: Deal) -> Result<Vec<ClassRecord>, LoadError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().while_doing("start a runtime")?;
    let local = LocalSet::new();
    let records: Vec<_> = deal.groups.iter().map(|_| Rc::new(RefCell::new(ClassRecord::default()))).collect();
    local.block_on(&runtime, agents(&deal, &records)).while_doing("start a timer")?;
    Ok(records.iter().map(|record| record.borrow().clone()).collect())
}

async fn agents(deal: &Deal, records: &[Rc<RefCell<ClassRecord>>]) -> std::io::Result<()> {
    let pacer = Pacer::new()?;
    let ticking = tokio::task::spawn_local(Rc::clone(&pacer).tick());
    let mut tasks = Vec::new();
    for ((group, record), live) in deal.groups.iter().zip(records).zip(&deal.live) {
        for index in (deal.thread..group.agents).step_by(deal.threads) {
            let lane = Lane {
                pace: group.pace(index),
                pacer: Rc::clone(&pacer),
                record: Rc::clone(record),
                live: Arc::clone(live),
                abort: Arc::clone(&deal.abort),
                prepared: deal.prepared.clone(),
                window: deal.window.clone(),
            };
            tasks.push(tokio::task::spawn_local((group.start)(index, lane)));
        }
    }
    for task in tasks {
        // A task that panicked was reported by its thread already; the others' figures still stand.
        let _ = task.await;
    }
    ticking.abort();
    Ok(())
}
