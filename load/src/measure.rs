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
    report::{Cost, Measured, Round},
    target::Usage,
};

/// Runs a plan against a server and gives its figures.
pub async fn measure(plan: Plan, target: &str, pid: Option<u32>, quiet: bool) -> Result<Round, LoadError> {
    let mut watch = Watch::new(target, pid, quiet);
    let ran = engine::run(plan, &mut watch).await;
    watch.bar.finish_and_clear();
    let ran = ran?;
    let length = ran.window.end - ran.window.start;
    let ops = ran.classes.iter().map(|(_, record)| record.ops()).sum();
    let payload = ran.classes.iter().filter(|(class, _)| class == "append").map(|(_, record)| record.bytes).sum();
    let cost =
        |edges: &[Option<Usage>; 2]| Some(Cost::between(edges[0].as_ref()?, edges[1].as_ref()?, length, ops, payload));
    Ok(Round {
        target: target.to_owned(),
        classes: ran.classes.iter().map(|(class, record)| Measured::new(class, record, &ran.window)).collect(),
        server: cost(&watch.server),
        load: cost(&watch.own),
        metrics: Default::default(),
        figures: Default::default(),
    })
}

struct Watch {
    bar: ProgressBar,
    target: String,
    pid: Option<u32>,
    server: [Option<Usage>; 2],
    own: [Option<Usage>; 2],
    timing: Option<(Instant, Window)>,
    last: (Instant, u64),
    server_before: Option<(Instant, Usage)>,
}

impl Watch {
    fn new(target: &str, pid: Option<u32>, quiet: bool) -> Self {
        let bar =
            if quiet { ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()) } else { ProgressBar::new(0) };
        if let Ok(style) = ProgressStyle::with_template("{prefix:10} {bar:24} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(target.to_owned());
        bar.set_message("connecting");
        Self {
            bar,
            target: target.to_owned(),
            pid,
            server: [None; 2],
            own: [None; 2],
            timing: None,
            last: (Instant::now(), 0),
            server_before: None,
        }
    }

    /// Cores that the server has kept busy since the last look.
    fn server_cores(&mut self) -> Option<f64> {
        let now = Instant::now();
        let usage = Usage::of(self.pid?)?;
        let (then, before) = self.server_before.replace((now, usage))?;
        Some(usage.cpu_us.saturating_sub(before.cpu_us) as f64 / (now - then).as_micros().max(1) as f64)
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
        if let Some(cores) = self.server_cores() {
            message.push_str(&format!("  {} {cores:.2} cores", self.target));
        }
        self.bar.set_message(message);
    }

    fn boundary(&mut self, ended: bool) {
        let edge = usize::from(ended);
        self.server[edge] = self.pid.and_then(Usage::of_tree);
        self.own[edge] = Usage::own();
    }
}
