//! Ratios between two who take part, pair by pair, and their median.

use crate::report::{Comparison, Measured, Round};

/// One figure that two rounds are compared by: its name, and where it stands.
type Figure = (&'static str, fn(&Round, &Measured) -> Option<f64>);

const FIGURES: [Figure; 4] = [
    ("operations a second", |_, class| Some(class.ops_per_s)),
    ("p50 latency", |_, class| Some(class.latency.p50_us)),
    ("p99 latency", |_, class| Some(class.latency.p99_us)),
    ("server CPU an operation", |round, _| round.server.map(|cost| cost.cpu_us_per_op)),
];

/// Compares the rounds of `first` with those of `other`, the n-th with the n-th.
pub fn compare(rounds: &[Round], first: &str, other: &str) -> Vec<Comparison> {
    let of = |name: &str| rounds.iter().filter(|round| round.target == name).collect::<Vec<_>>();
    let (ours, theirs) = (of(first), of(other));
    let comparison = |(figure, value): &Figure| {
        let ratio = |(ours, theirs): (&&Round, &&Round)| {
            let value = |round: &Round| value(round, round.classes.first()?);
            let (ours, theirs) = (value(ours)?, value(theirs)?);
            (theirs > 0.0).then_some(ours / theirs)
        };
        let ratios: Vec<f64> = ours.iter().zip(&theirs).filter_map(ratio).collect();
        let median = median(&ratios)?;
        let (first, other, figure) = (first.to_owned(), other.to_owned(), (*figure).to_owned());
        Some(Comparison { first, other, figure, ratios, median })
    };
    FIGURES.iter().filter_map(comparison).collect()
}

/// The middle of some numbers; between two, their mean.
pub fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(target: &str, ops_per_s: f64) -> Round {
        let class = Measured { class: "append".to_owned(), ops_per_s, ..Measured::default() };
        Round { target: target.to_owned(), classes: vec![class], ..Round::default() }
    }

    #[test]
    fn rounds_are_paired_in_their_order() {
        let rounds = [round("a", 10.0), round("b", 5.0), round("a", 30.0), round("b", 10.0), round("a", 1.0)];
        let comparisons = compare(&rounds, "a", "b");
        assert_eq!(comparisons.len(), 1, "what was not measured is not compared");
        assert_eq!((comparisons[0].ratios.as_slice(), comparisons[0].median), (&[2.0, 3.0][..], 2.5));
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
