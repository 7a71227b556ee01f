//! Whether what is appended comes into the session in the file's order. Pure.

/// How the entries of a file stand in the session, as far as they have been gone through.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Appended by this run behind everything of the file that was held before: how many, and the first's seq and line.
    pending: u64,
    first_pending: Option<(u64, u64)>,
    late: Option<Late>,
}

/// Entries that came to stand behind some that follow them in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Late {
    pub(super) entries: u64,
    pub(super) first_line: u64,
}

impl Order {
    /// The file's next entry was appended.
    pub(super) fn appended(&mut self, seq: u64, line: u64) {
        self.pending += 1;
        self.first_pending.get_or_insert((seq, line));
    }

    /// The file's next entry was in the session before the run began.
    pub(super) fn held_before(&mut self) {
        self.held(0);
    }

    /// The file's next entry is at this place. An append that was sent twice is where it belongs.
    pub(super) fn held(&mut self, seq: u64) {
        let Some((_, first_line)) = self.first_pending.take_if(|(first_seq, _)| *first_seq > seq) else { return };
        let late = self.late.get_or_insert(Late { entries: 0, first_line });
        late.entries += std::mem::take(&mut self.pending);
    }

    /// Those that are not in the file's order, if there are any.
    pub(super) fn late(&self) -> Option<Late> {
        self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_behind_the_rest_is_in_order() {
        let mut order = Order::default();
        order.held_before();
        order.held(1);
        order.appended(7, 3);
        order.appended(8, 4);
        // Sent twice, because an answer was lost.
        order.held(9);
        order.appended(10, 6);
        assert_eq!(order.late(), None);
    }

    #[test]
    fn what_is_new_in_front_of_what_was_there_is_late() {
        let mut order = Order::default();
        order.appended(7, 1);
        order.appended(8, 2);
        order.held_before();
        order.held_before();
        order.appended(9, 5);
        order.held(3);
        order.appended(10, 7);
        assert_eq!(order.late(), Some(Late { entries: 3, first_line: 1 }));
    }
}
