//! Who may go on to the wire: keeps the entries behind a failed one from overtaking it.
//!
//! Every append takes a pass when it is called. A failure makes all passes of its time void, those of callers that still wait
//! for room included, and no new ones are given until the failed append has returned to its caller: only then can the
//! caller's next append be one that knows of the failure.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Behind;

/// The gate of one queue. Cheap to clone; clones are the same gate.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    era: u64,
    closed: bool,
    cleared: bool,
    why: Option<Arc<Behind>>,
}

/// Taken when an append is called; holds until the next failure.
#[derive(Clone, Copy)]
pub(super) struct Pass(u64);

/// Keeps the gate closed; opens it when dropped.
pub(super) struct Closed(Gate);

impl Gate {
    pub(super) fn enter(&self) -> Result<Pass, Arc<Behind>> {
        let state = self.state();
        let pass = Pass(state.era);
        state.check(pass).map(|()| pass)
    }

    pub(super) fn check(&self, pass: Pass) -> Result<(), Arc<Behind>> {
        self.state().check(pass)
    }

    /// Makes every pass void, and gives none until the guard is dropped.
    pub(super) fn close(&self, why: Behind) -> Closed {
        let mut state = self.state();
        state.closed = true;
        state.why = Some(Arc::new(why));
        Closed(self.clone())
    }

    /// Closes for good.
    pub(super) fn clear(&self) {
        let mut state = self.state();
        state.cleared = true;
        state.why = Some(Arc::new(Behind::Cleared));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self, pass: Pass) -> Result<(), Arc<Behind>> {
        match &self.why {
            Some(why) if self.cleared || self.closed || pass.0 != self.era => Err(why.clone()),
            _ => Ok(()),
        }
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = false;
        state.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_of_the_time_of_a_failure_stay_void() {
        let gate = Gate::default();
        let before = gate.enter().expect("open");
        let closed = gate.close(Behind::RuntimeEnded);
        assert!(gate.check(before).is_err() && gate.enter().is_err());
        drop(closed);
        assert!(gate.check(before).is_err());
        let after = gate.enter().expect("open again");
        assert!(gate.check(after).is_ok());
    }

    #[test]
    fn a_cleared_gate_stays_closed() {
        let gate = Gate::default();
        let closed = gate.close(Behind::RuntimeEnded);
        gate.clear();
        drop(closed);
        assert_eq!(gate.enter().err().as_deref(), Some(&Behind::Cleared));
    }
}
