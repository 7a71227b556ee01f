//! One JSON document on one line.

use std::borrow::Cow;

/// The document without line breaks. Inside JSON they can only be white space between tokens, so a space says the same.
pub(super) fn on_one_line(json: &[u8]) -> Cow<'_, [u8]> {
    let is_break = |byte: u8| matches!(byte, b'\n' | b'\r');
    if !json.iter().any(|&byte| is_break(byte)) {
        return Cow::Borrowed(json);
    }
    Cow::Owned(json.iter().map(|&byte| if is_break(byte) { b' ' } else { byte }).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use verbatim_proto::{json::equal, limits::ENTRY_DEPTH_MAX};

    use super::*;

    proptest! {
        #[test]
        fn says_the_same_on_one_line(members in prop::collection::btree_map(".{0,8}", ".{0,8}", 0..6)) {
            let pretty = serde_json::to_vec_pretty(&members)?;
            let line = on_one_line(&pretty);
            prop_assert!(!line.contains(&b'\n'));
            prop_assert!(equal(&line, &pretty, ENTRY_DEPTH_MAX));
            let compact = serde_json::to_vec(&members)?;
            prop_assert!(matches!(on_one_line(&compact), Cow::Borrowed(same) if same == compact));
        }
    }
}
