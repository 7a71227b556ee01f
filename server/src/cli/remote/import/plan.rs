//! What of a file is in the session already, so that only the rest is sent. Pure.
//!
//! It saves requests and decides nothing that matters: whatever is sent though it is there, the server recognises.

use std::collections::HashMap;

use verbatim_client::EntryUuid;
use verbatim_proto::{
    digest::{PayloadHash, payload_hash},
    messages::Event,
};

use super::check::Found;

/// The entries of a file, as far as the session's pages have been read: which of them it holds.
pub(super) struct Plan {
    by_uuid: HashMap<EntryUuid, usize>,
    /// Entries without uuid, by content: how often the file holds it less how often the session does, and which they are.
    by_content: HashMap<PayloadHash, (usize, Vec<usize>)>,
    hashes: Vec<PayloadHash>,
    is_stored: Vec<bool>,
}

impl Plan {
    pub(super) fn new(file: &[u8], entries: &[Found]) -> Self {
        let mut by_uuid = HashMap::new();
        let mut by_content: HashMap<_, (usize, Vec<_>)> = HashMap::new();
        let hashes: Vec<_> = entries.iter().map(|entry| payload_hash(&file[entry.body.clone()])).collect();
        for (number, (entry, hash)) in entries.iter().zip(&hashes).enumerate() {
            match entry.uuid {
                Some(uuid) => drop(by_uuid.insert(uuid, number)),
                None => {
                    let (missing, numbers) = by_content.entry(*hash).or_default();
                    *missing += 1;
                    numbers.push(number);
                }
            }
        }
        let is_stored = vec![false; entries.len()];
        Self { by_uuid, by_content, hashes, is_stored }
    }

    /// Notes an entry of the session. One whose uuid the file gives other bytes stays to be sent: the server tells whether
    /// they are the same content.
    pub(super) fn stored(&mut self, event: &Event) {
        let hash = payload_hash(event.payload.get().as_bytes());
        // Of what was redacted the stub tells the hash, so that it is not sent again.
        let original = event.redaction().map(|redaction| redaction.blake3.0);
        if let Ok(uuid) = EntryUuid::new(&event.event_id) {
            if let Some(&number) = self.by_uuid.get(&uuid) {
                self.is_stored[number] = self.hashes[number] == hash || original == Some(self.hashes[number]);
            }
            return;
        }
        let hash = original.filter(|original| self.by_content.contains_key(original)).unwrap_or(hash);
        let Some((missing, numbers)) = self.by_content.get_mut(&hash) else { return };
        *missing = missing.saturating_sub(1);
        if *missing == 0 {
            numbers.iter().for_each(|&number| self.is_stored[number] = true);
        }
    }

    /// Whether the file's entry of this number need not be sent.
    pub(super) fn is_stored(&self, number: usize) -> bool {
        self.is_stored.get(number).copied().unwrap_or(false)
    }
}
