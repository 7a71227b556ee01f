//! The uuids and keys of chains that began while this process ran. They are all of a chain's, so that one that is not among
//! them is new, and the lookup that would say so is saved: that of nearly every append.

use std::collections::HashSet;

use lru::LruCache;

use super::format::identity::Identity;
use crate::{
    limits::{KNOWN_IDENTITIES_MAX, KNOWN_IDENTITIES_OF_CHAIN_MAX},
    store::Snapshot,
};

/// What is known of chains, those appended to last kept longest. Of a chain that is not here nothing is known.
pub(super) struct Known {
    chains: LruCache<u64, HashSet<u64>>,
    /// Of all chains.
    count: usize,
}

impl Known {
    pub(super) fn new() -> Self {
        Self { chains: LruCache::unbounded(), count: 0 }
    }

    /// A chain begins, with nothing in it.
    pub(super) fn begin(&mut self, chain: u64) {
        self.count += 1;
        self.chains.put(chain, HashSet::new());
        self.shrink();
    }

    /// A chain has got this one. To say so of one that it has not only costs a lookup.
    pub(super) fn add(&mut self, chain: u64, identity: &Identity) {
        let Some(known) = self.chains.get_mut(&chain) else { return };
        if known.insert(identity.short()) {
            self.count += 1;
        }
        if known.len() > KNOWN_IDENTITIES_OF_CHAIN_MAX {
            self.forget(chain);
        }
        self.shrink();
    }

    /// Whether the chain surely has no entry of this identity.
    pub(super) fn is_new(&mut self, chain: &Snapshot, identity: &Identity) -> bool {
        let all_its_own = chain.lineage.segments().is_empty();
        all_its_own && self.chains.get(&chain.chain).is_some_and(|known| !known.contains(&identity.short()))
    }

    /// Forgets everything: what was said may not have come true.
    pub(super) fn clear(&mut self) {
        self.chains.clear();
        self.count = 0;
    }

    fn forget(&mut self, chain: u64) {
        if let Some(known) = self.chains.pop(&chain) {
            self.count -= known.len() + 1;
        }
    }

    fn shrink(&mut self) {
        while self.count > KNOWN_IDENTITIES_MAX {
            let Some((_, known)) = self.chains.pop_lru() else { return };
            self.count -= known.len() + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use verbatim_proto::{EntryUuid, Timestamp};

    use super::{
        super::change::{empty, new_head},
        *,
    };
    use crate::store::{Lineage, Segment};

    fn identity(n: usize) -> Identity {
        Identity::of_uuid(&EntryUuid::new(&format!("u{n}")).expect("uuid"))
    }

    fn chain(number: u64) -> Snapshot {
        empty(&new_head(number, Timestamp::default()))
    }

    #[test]
    fn only_a_chain_that_is_wholly_known_tells_what_is_new() {
        let mut known = Known::new();
        assert!(!known.is_new(&chain(1), &identity(1)), "nothing is known of it");
        known.begin(1);
        known.add(1, &identity(1));
        assert!(!known.is_new(&chain(1), &identity(1)) && known.is_new(&chain(1), &identity(2)));
        let fork = Snapshot { lineage: Lineage::new(&[Segment { chain: 0, end: 1 }]), ..chain(1) };
        assert!(!known.is_new(&fork, &identity(2)), "it may be among what is shared");
        known.clear();
        assert!(!known.is_new(&chain(1), &identity(2)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut known = Known::new();
        known.begin(1);
        (0..=KNOWN_IDENTITIES_OF_CHAIN_MAX).for_each(|n| known.add(1, &identity(n)));
        assert!(!known.is_new(&chain(1), &identity(usize::MAX)) && known.count == 0);
        for chain in 0..2 * KNOWN_IDENTITIES_MAX as u64 {
            known.begin(chain);
        }
        assert_eq!((known.count, known.chains.len()), (KNOWN_IDENTITIES_MAX, KNOWN_IDENTITIES_MAX));
        let newest = 2 * KNOWN_IDENTITIES_MAX as u64 - 1;
        assert!(known.is_new(&chain(newest), &identity(1)) && !known.is_new(&chain(0), &identity(1)));
    }
}
