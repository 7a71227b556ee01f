//! The checker takes what a right server may answer and refuses each thing that a wrong one would.

use super::*;

fn uuids(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

/// `a` stored at 0 and `b` at 1, one after the other.
fn two_stored() -> History {
    let history = History::default();
    let begun = history.now();
    history.append("a", None, begun, Outcome::Stored(0));
    let begun = history.now();
    history.append("b", Some("a"), begun, Outcome::Stored(1));
    history
}

fn refused(history: &History, chain: &str, why: &str) {
    match history.check(&uuids(chain)) {
        Ok(()) => panic!("taken, and should have been refused: {why}"),
        Err(message) => assert!(message.contains(why), "{message}"),
    }
}

#[test]
fn a_right_history_is_taken() {
    let history = two_stored();
    let begun = history.now();
    history.append("c", Some("a"), begun, Outcome::Conflict(Some("b".into())));
    history.append("c", Some("b"), history.now(), Outcome::Unknown);
    history.append("c", Some("b"), history.now(), Outcome::AlreadyStored(2));
    history.read(uuids("a b c"), history.now());
    assert_eq!(history.check(&uuids("a b c")), Ok(()));
}

#[test]
fn what_overlaps_may_fall_either_way() {
    let history = History::default();
    let (first, second, third) = (history.now(), history.now(), history.now());
    history.append("a", None, first, Outcome::Stored(0));
    history.append("b", None, second, Outcome::Conflict(Some("a".into())));
    history.read(uuids(""), third);
    history.append("lost", Some("a"), history.now(), Outcome::Unknown);
    assert_eq!(history.check(&uuids("a")), Ok(()));
    assert_eq!(history.check(&uuids("a lost")), Ok(()));
}

#[test]
fn losses_doubles_and_strangers_are_refused() {
    refused(&two_stored(), "a", "not at its place");
    refused(&two_stored(), "b a", "acknowledged before it was sent");
    refused(&two_stored(), "a b a", "stored twice");
    refused(&two_stored(), "a b x", "no append of it");
    let history = two_stored();
    history.append("n", Some("b"), history.now(), Outcome::NotStored);
    refused(&history, "a b n", "no append of it");
}

#[test]
fn false_conditions_are_refused() {
    let history = two_stored();
    history.append("c", Some("a"), history.now(), Outcome::Stored(2));
    refused(&history, "a b c", "was not the head");
    for (last, head, why) in [
        (Some("b"), Some("b"), "was the head"),
        (None, Some("a"), "not one at the time"),
        (Some("x"), None, "not one at the time"),
        (Some("x"), Some("y"), "not one at the time"),
    ] {
        let history = two_stored();
        history.append("c", last, history.now(), Outcome::Conflict(head.map(str::to_owned)));
        refused(&history, "a b", why);
    }
    let history = two_stored();
    history.append("a", Some("x"), history.now(), Outcome::Conflict(Some("b".into())));
    refused(&history, "a b", "already");
}

#[test]
fn stale_and_premature_reads_are_refused() {
    let history = two_stored();
    history.read(uuids("a"), history.now());
    refused(&history, "a b", "missed b");
    let history = two_stored();
    history.read(uuids("b"), history.now());
    refused(&history, "a b", "no prefix");
    let history = History::default();
    history.read(uuids("a"), history.now());
    history.append("a", None, history.now(), Outcome::Stored(0));
    refused(&history, "a", "not sent yet");
}
