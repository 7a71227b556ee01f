//! The comparison: a chain as it is read, against what its writers were told. Pure, and the reason why `verify` exists.

use std::collections::{HashMap, HashSet};

use verbatim_proto::EntryUuid;

use super::ledger::Acknowledged;

/// One entry as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Its uuid.
    pub uuid: EntryUuid,
    /// A hash of its bytes.
    pub hash: u64,
}

/// What one writer was told about one chain.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Acknowledged entries, in the writer's order.
    pub acknowledged: Vec<Acknowledged>,
}

/// Compares a chain with what its writers were told and may hold besides. Each line is one thing that must not be.
pub fn check(session: &str, chain: &[Read], told: &[Told], in_doubt: &HashSet<EntryUuid>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut places = HashMap::with_capacity(chain.len());
    for (place, read) in chain.iter().enumerate() {
        if let Some(first) = places.insert(read.uuid, place) {
            wrong.push(format!("{session}: {} is there twice, at {first} and {place}", read.uuid));
        }
    }
    let mut known = HashSet::with_capacity(chain.len());
    for writer in told {
        let mut before = None;
        for entry in &writer.acknowledged {
            known.insert(entry.uuid);
            let Some(&place) = places.get(&entry.uuid) else {
                wrong.push(format!("{session}: {} was acknowledged and is missing", entry.uuid));
                continue;
            };
            if chain[place].hash != entry.hash {
                wrong.push(format!("{session}: {} at {place} has other bytes than were sent", entry.uuid));
            }
            if entry.seq.is_some_and(|seq| seq != place as u64) {
                wrong.push(format!("{session}: {} was acknowledged as {:?} and is at {place}", entry.uuid, entry.seq));
            }
            if before.is_some_and(|before| before >= place) {
                wrong.push(format!(
                    "{session}: {} at {place} comes before an entry its writer sent earlier",
                    entry.uuid
                ));
            }
            before = Some(place);
        }
    }
    let foreign = chain.iter().filter(|read| !known.contains(&read.uuid) && !in_doubt.contains(&read.uuid));
    wrong.extend(foreign.map(|read| format!("{session}: {} is there and was never sent", read.uuid)));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(name: &str) -> EntryUuid {
        EntryUuid::new(name).expect("uuid")
    }

    fn chain(names: &[&str]) -> Vec<Read> {
        names.iter().map(|name| Read { uuid: uuid(name), hash: name.len() as u64 }).collect()
    }

    fn told(entries: &[(&str, u64)]) -> Told {
        let acknowledged = entries.iter().map(|(name, seq)| Acknowledged {
            chain: 0,
            uuid: uuid(name),
            hash: name.len() as u64,
            seq: Some(*seq),
        });
        Told { acknowledged: acknowledged.collect() }
    }

    fn wrong(read: &[&str], told: &[Told], in_doubt: &[&str]) -> String {
        check("s", &chain(read), told, &in_doubt.iter().map(|name| uuid(name)).collect()).join("; ")
    }

    #[test]
    fn a_whole_chain_is_right_with_or_without_what_is_in_doubt() {
        let writers = [told(&[("a", 0), ("c", 2)]), told(&[("b", 1)])];
        assert_eq!(wrong(&["a", "b", "c"], &writers, &["d"]), "");
        assert_eq!(wrong(&["a", "b", "c", "d"], &writers, &["d"]), "");
    }

    #[test]
    fn each_kind_of_wrong_is_found() {
        let writers = [told(&[("a", 0), ("b", 1)])];
        assert!(wrong(&["a"], &writers, &[]).contains("b was acknowledged and is missing"));
        assert!(wrong(&["a", "b", "a"], &writers, &[]).contains("a is there twice, at 0 and 2"));
        assert!(wrong(&["b", "a"], &writers, &[]).contains("comes before"));
        assert!(wrong(&["x", "a", "b"], &writers, &["x"]).contains("acknowledged as Some(0) and is at 1"));
        assert!(wrong(&["a", "b", "x"], &writers, &[]).contains("x is there and was never sent"));
        let altered = [told(&[("a", 0)])];
        let read = [Read { uuid: uuid("a"), hash: 99 }];
        assert!(check("s", &read, &altered, &HashSet::new())[0].contains("other bytes"));
    }
}
