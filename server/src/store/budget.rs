//! The bound on what waits to be stored: bytes, held from admission to answer.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many bytes of appends may be under way at once, bodies still arriving among them.
#[derive(Debug, Clone)]
pub struct Budget {
    free: Arc<Semaphore>,
    units: usize,
}

/// The budget is spent for now; nothing was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server has as many bytes of appends under way as it takes on")]
pub struct Overloaded;

/// The unit of the budget. Every append is charged at least this, for what it takes beside its payload.
const UNIT_BYTES: usize = 1024;

/// A share of the budget; dropping it gives it back.
#[derive(Debug)]
pub struct Permit {
    held: OwnedSemaphorePermit,
    free: Arc<Semaphore>,
}

impl Budget {
    /// A budget of `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        let units = (bytes_max / UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(units)), units }
    }

    /// The whole of it, in bytes.
    pub fn bytes(&self) -> usize {
        self.units * UNIT_BYTES
    }

    /// Bytes that are taken of it.
    pub fn used_bytes(&self) -> usize {
        (self.units - self.free.available_permits()) * UNIT_BYTES
    }

    /// Takes a share of `bytes` at once, or none. Never waits.
    pub fn admit(&self, bytes: usize) -> Result<Permit, Overloaded> {
        let held = Arc::clone(&self.free).try_acquire_many_owned(units(bytes)).map_err(|_| Overloaded)?;
        Ok(Permit { held, free: Arc::clone(&self.free) })
    }
}

impl Permit {
    /// Makes the share one of at least `bytes`. On error it stays as it was.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Overloaded> {
        let more = units(bytes).saturating_sub(u32::try_from(self.held.num_permits()).unwrap_or(u32::MAX));
        if more > 0 {
            self.held.merge(Arc::clone(&self.free).try_acquire_many_owned(more).map_err(|_| Overloaded)?);
        }
        Ok(())
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes / UNIT_BYTES + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_up_to_its_bound_and_takes_back_what_is_dropped() {
        let budget = Budget::new(10 * UNIT_BYTES);
        let mut first = budget.admit(4 * UNIT_BYTES).expect("5 of 10 units");
        let second = budget.admit(4 * UNIT_BYTES).expect("10 of 10 units");
        assert_eq!((budget.used_bytes(), budget.bytes()), (10 * UNIT_BYTES, 10 * UNIT_BYTES));
        assert_eq!(budget.admit(0).map(drop), Err(Overloaded));
        assert_eq!(first.grow_to(5 * UNIT_BYTES), Err(Overloaded));
        drop(second);
        assert_eq!(first.grow_to(9 * UNIT_BYTES), Ok(()));
        assert_eq!(budget.admit(0).map(drop), Err(Overloaded));
        drop(first);
        assert!(budget.admit(9 * UNIT_BYTES).is_ok());
    }
}
