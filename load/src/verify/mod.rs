//! Proof under load: what was acknowledged is written down, read back, and compared.

pub mod check;
pub mod command;
pub mod fault;
pub mod ledger;
