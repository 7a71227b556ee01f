//! One measured run: the engine, with progress on the terminal and readings of both processes at the window's edges.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    engine::{
        self, Plan, Window,
        live::{Glimpse, Live},
        run::Observer,
    },
    error::LoadError,
    report::{Cost, Measured, Round, metrics},
    sampler::Sampler,
    target::{Target, Usage},
};

/// Whom a run is aimed at, as far as it is watched meanwhile.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// As reports name it.
    pub name: &'a str,
    /// Its process on this machine, with all that come from it.
    pub pid: Option<u32>,
    /// A Verbatim server: its `/metrics` and its data folder are read.
    pub target: Option<&'a Target>,
}

impl<'a> From<&'a Target> for Subject<'a> {
    fn from(target: &'a Target) -> Self {
        Self { name: &target.name, pid: target.pid, target: Some(target) }
    }
}

/// Runs a plan against a server and gives its figures.
pub async fn measure(plan: Plan, subject: Subject<'_>, quiet: bool) -> Result<Round, LoadError> {
    let before = scraped(subject).await;
    let mut watch = Watch::new(subject, plan.duration, quiet);
    let ran = engine::run(plan, &mut watch).await;
    watch.bar.finish_and_clear();
    let ran = ran?;
    let length = ran.window.end - ran.window.start;
    let ops = ran.classes.iter().map(|(_, record)| record.ops()).sum();
    let payload = ran.classes.iter().filter(|(class, _)| class == "append").map(|(_, record)| record.bytes).sum();
    let cost = |edges: &[Option<Usage>; 2], payload| {
        Some(Cost::between(edges[0].as_ref()?, edges[1].as_ref()?, length, ops, payload))
    };
    let metrics = before.zip(scraped(subject).await).map(|(before, after)| metrics::change(&before, &after));
    Ok(Round {
        target: subject.name.to_owned(),
        classes: ran.classes.iter().map(|(class, record)| Measured::new(class, record, &ran.window)).collect(),
        server: cost(&watch.server, payload),
        load: cost(&watch.own, 0),
        metrics: metrics.unwrap_or_default(),
        figures: Default::default(),
        samples: watch.samples.taken,
    })
}

async fn scraped(subject: Subject<'_>) -> Option<metrics::Scrape> {
    metrics::scrape(subject.target?).await
}

struct Watch {
    bar: ProgressBar,
    pid: Option<u32>,
    server: [Option<Usage>; 2],
    own: [Option<Usage>; 2],
    timing: Option<(Instant, Window)>,
    last: (Instant, u64),
    samples: Sampler,
}

impl Watch {
    fn new(subject: Subject<'_>, duration: Duration, quiet: bool) -> Self {
        let bar =
            if quiet { ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()) } else { ProgressBar::new(0) };
        if let Ok(style) = ProgressStyle::with_template("{prefix:10} {bar:24} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(subject.name.to_owned());
        bar.set_message("connecting");
        let data_dir = subject.target.and_then(|target| target.data_dir.clone());
        Self {
            bar,
            pid: subject.pid,
            server: [None; 2],
            own: [None; 2],
            timing: None,
            last: (Instant::now(), 0),
            samples: Sampler::new(subject.pid, data_dir, duration),
        }
    }
}

impl Observer for Watch {
    fn started(&mut self, begin: Instant, window: Window) {
        self.timing = Some((begin, window));
        self.bar.set_length((window.end - begin).as_millis() as u64);
        self.last = (begin, 0);
    }

    fn tick(&mut self, live: &[(String, Arc<Live>)]) {
        let Some((begin, window)) = self.timing else { return };
        let now = Instant::now();
        self.samples.tick(now, window.start);
        self.bar.set_position(now.saturating_duration_since(begin).as_millis() as u64);
        let (then, ops_then) = self.last;
        if now.saturating_duration_since(then) < Duration::from_millis(500) {
            return;
        }
        let glimpses: Vec<(&str, Glimpse)> =
            live.iter().map(|(class, live)| (class.as_str(), live.glimpse())).collect();
        let ops: u64 = glimpses.iter().map(|(_, glimpse)| glimpse.ops).sum();
        let errors: u64 = glimpses.iter().map(|(_, glimpse)| glimpse.errors).sum();
        let rate = ops.saturating_sub(ops_then) as f64 / (now - then).as_secs_f64();
        self.last = (now, ops);
        let mut message = if now < window.start { "warm-up".to_owned() } else { "measure".to_owned() };
        message.push_str(&format!("  {rate:.0}/s"));
        for (class, glimpse) in glimpses.iter().filter(|(_, glimpse)| glimpse.p50_ns > 0) {
            let millis = |ns: u64| ns as f64 / 1e6;
            message.push_str(&format!(
                "  {class} p50 {:.2} p99 {:.2} ms",
                millis(glimpse.p50_ns),
                millis(glimpse.p99_ns)
            ));
        }
        if errors > 0 {
            message.push_str(&format!("  {errors} failed"));
        }
        if let Some(sample) = self.samples.taken.last() {
            let mebi = sample.resident_bytes as f64 / f64::from(1 << 20);
            message.push_str(&format!("  server {:.2} cores {mebi:.0} MiB", sample.cores));
        }
        self.bar.set_message(message);
    }

    fn boundary(&mut self, ended: bool) {
        let edge = usize::from(ended);
        self.server[edge] = self.pid.and_then(Usage::of_tree);
        self.own[edge] = Usage::own();
    }
}
