//! Where the entries of a chain lie: those it shares with the chains it was forked from, then its own.

use std::{ops::Range, sync::Arc};

/// The shared part of a chain. Empty for a chain that is no fork. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage(Option<Arc<[Segment]>>);

/// Entries up to `end` lie in `chain`, from where the segment before ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The number of the chain they lie in.
    pub chain: u64,
    /// The seq after the last of them.
    pub end: u64,
}

impl Lineage {
    /// The lineage of these segments, the oldest first, their ends growing.
    pub fn new(segments: &[Segment]) -> Self {
        Self((!segments.is_empty()).then(|| segments.into()))
    }

    /// The segments, the oldest first.
    pub fn segments(&self) -> &[Segment] {
        self.0.as_deref().unwrap_or_default()
    }

    /// How many entries are shared; the chain's own begin there.
    pub fn shared(&self) -> u64 {
        self.segments().last().map_or(0, |segment| segment.end)
    }

    /// The lineage of a fork that shares the first `length` entries of the chain `own` with this lineage.
    #[must_use]
    pub fn forked(&self, own: u64, length: u64) -> Self {
        let mut segments = Vec::new();
        for segment in self.segments().iter().copied().chain([Segment { chain: own, end: u64::MAX }]) {
            let end = segment.end.min(length);
            if segments.last().map_or(0, |last: &Segment| last.end) < end {
                segments.push(Segment { end, ..segment });
            }
        }
        Self::new(&segments)
    }

    /// The parts of `range`, in chain order, each with the chain it lies in. `own` is the chain's own number.
    pub fn locate(&self, own: u64, range: Range<u64>) -> Vec<(u64, Range<u64>)> {
        let mut parts = Vec::new();
        let mut start = range.start;
        for segment in self.segments().iter().copied().chain([Segment { chain: own, end: u64::MAX }]) {
            let end = segment.end.min(range.end);
            if start < end {
                parts.push((segment.chain, start..end));
                start = end;
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lineage(ends: &[(u64, u64)]) -> Lineage {
        let segments: Vec<_> = ends.iter().map(|&(chain, end)| Segment { chain, end }).collect();
        Lineage::new(&segments)
    }

    #[test]
    fn a_range_is_found_across_the_joins() {
        let of_fork = lineage(&[(1, 5), (2, 8)]);
        assert_eq!(of_fork.locate(3, 0..10), [(1, 0..5), (2, 5..8), (3, 8..10)]);
        assert_eq!(of_fork.locate(3, 6..8), [(2, 6..8)]);
        assert_eq!(of_fork.locate(3, 9..9), []);
        assert_eq!(Lineage::default().locate(3, 0..2), [(3, 0..2)]);
    }

    #[test]
    fn a_fork_shares_no_more_than_it_was_cut_at() {
        let of_fork = lineage(&[(1, 5), (2, 8)]);
        assert_eq!(of_fork.forked(3, 9), lineage(&[(1, 5), (2, 8), (3, 9)]));
        assert_eq!(of_fork.forked(3, 8), lineage(&[(1, 5), (2, 8)]));
        assert_eq!(of_fork.forked(3, 6), lineage(&[(1, 5), (2, 6)]));
        assert_eq!(of_fork.forked(3, 5), lineage(&[(1, 5)]));
        assert_eq!(of_fork.forked(3, 0), Lineage::default());
    }

    proptest! {
        #[test]
        fn the_parts_cover_the_range(steps in prop::collection::vec(1u64..9, 0..6), start in 0u64..60, length in 0u64..60) {
            let mut end = 0;
            let segments: Vec<_> = (0..).zip(steps).map(|(chain, step)| { end += step; Segment { chain, end } }).collect();
            let parts = Lineage::new(&segments).locate(99, start..start + length);
            let covered: Vec<_> = parts.into_iter().flat_map(|(_, range)| range).collect();
            prop_assert!(covered.into_iter().eq(start..start + length));
        }
    }
}
