//! Server-Sent Events as a follower reads them (WHATWG HTML, section 9.2): frames out of bytes, checked for order.

use memchr::memmem;

use crate::{wire::Sink, workload::clock};

/// One entry that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When it was sent, on this process's clock, where this harness sent it.
    pub sent_ns: Option<u64>,
    /// Bytes of its frame.
    pub bytes: u64,
}

/// The frames of one stream, over all its connections.
#[derive(Debug, Default)]
pub struct Events {
    held: Vec<u8>,
    arrivals: Vec<Arrival>,
    last_id: Option<String>,
    next_seq: u64,
    wrong: Option<String>,
}

impl Events {
    /// Expects the entry at `seq` first.
    pub fn from_seq(seq: u64) -> Self {
        Self { next_seq: seq, ..Self::default() }
    }

    /// A connection begins: a frame that the last one cut off is forgotten.
    pub fn begin(&mut self) {
        self.held.clear();
    }

    /// What has arrived since this was last asked.
    pub fn arrivals(&mut self) -> impl Iterator<Item = Arrival> {
        self.arrivals.drain(..)
    }

    /// The `id` of the newest frame: where to resume.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The place of the entry that must come next.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// An entry that came twice, or out of order, or after one that did not come.
    pub fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }

    fn frame(&mut self, frame: &[u8]) {
        let mut seq = None;
        for line in frame.split(|byte| *byte == b'\n') {
            if let Some(id) = line.strip_prefix(b"id:") {
                self.last_id = Some(String::from_utf8_lossy(id.trim_ascii()).into_owned());
            } else if let Some(data) = line.strip_prefix(b"data:") {
                seq = seq.or_else(|| number_after(data, br#""seq":"#));
            }
        }
        let Some(seq) = seq else { return };
        if seq != self.next_seq {
            let expected = self.next_seq;
            self.wrong.get_or_insert_with(|| format!("followed entry {seq} where {expected} was next"));
        }
        self.next_seq = seq + 1;
        let sent_ns = number_after(frame, clock::MEMBER.as_bytes());
        self.arrivals.push(Arrival { sent_ns, bytes: frame.len() as u64 });
    }
}

impl Sink for Events {
    fn take(&mut self, bytes: &[u8]) {
        let mut held = std::mem::take(&mut self.held);
        // A frame may end where the bytes of two reads meet.
        let searched = held.len().saturating_sub(1);
        held.extend_from_slice(bytes);
        let (mut start, mut from) = (0, searched);
        while let Some(end) = memmem::find(&held[from..], b"\n\n").map(|end| from + end) {
            self.frame(&held[start..end]);
            start = end + 2;
            from = start;
        }
        held.drain(..start);
        self.held = held;
    }
}

fn number_after(text: &[u8], key: &[u8]) -> Option<u64> {
    let digits = &text[memmem::find(text, key)? + key.len()..];
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&digits[..length]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(seqs: &[u64]) -> Vec<u8> {
        let frame = |seq: &u64| {
            format!(
                ":\n\nid: i{seq}\nevent: user\ndata: {{\"seq\":{seq},\"payload\":{{\"sent_ns\":7{seq},\"a\":1}}}}\n\n"
            )
        };
        seqs.iter().map(frame).collect::<String>().into_bytes()
    }

    proptest! {
        #[test]
        fn frames_come_out_whole_however_they_are_cut(cuts in prop::collection::vec(1usize..40, 1..9)) {
            let (mut events, wire) = (Events::from_seq(3), wire(&[3, 4, 5]));
            let (mut rest, mut cuts) = (wire.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap_or(&1)).min(rest.len()));
                events.take(now);
                rest = later;
            }
            prop_assert_eq!(events.arrivals().map(|arrival| arrival.sent_ns).collect::<Vec<_>>(), [Some(73), Some(74), Some(75)]);
            prop_assert_eq!((events.last_id(), events.next_seq(), events.wrong()), (Some("i5"), 6, None));
        }
    }

    #[test]
    fn what_is_missed_or_doubled_is_noticed() {
        for seqs in [&[0, 2][..], &[0, 1, 1], &[1]] {
            let mut events = Events::default();
            events.take(&wire(seqs));
            assert!(events.wrong().is_some(), "{seqs:?}");
        }
    }
}
