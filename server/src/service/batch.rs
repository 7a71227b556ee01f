//! A batch: many entries in one append, stored together or not at all.

use std::collections::HashSet;

use bytes::Bytes;
use verbatim_proto::{
    EntryView, IdempotencyKey, json,
    limits::BATCH_ENTRIES_MAX,
    messages::{AppendStatus, BatchReceipt, BatchResult},
};

use super::{
    AppendRefused, AppendRequest, BatchEntryError, Service,
    append::{new_entry, off_runtime},
};
use crate::store::{NewEntry, Standing};

/// How the entries of a batch stand in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchForm {
    /// One a line.
    Ndjson,
    /// The items of a JSON array.
    Array,
}

impl Service {
    /// Appends a batch (PROTOCOL.md, batches). Gives a receipt, and where the chain stands, only once every entry would
    /// survive loss of power.
    pub async fn append_batch(
        &self,
        request: AppendRequest,
        form: BatchForm,
    ) -> Result<(BatchReceipt, Standing), AppendRefused> {
        let answer = self.append_all(request, form).await;
        self.appends.count(match &answer {
            Ok((receipt, _)) => receipt.status.into(),
            Err(refused) => refused.into(),
        });
        answer
    }

    async fn append_all(
        &self,
        request: AppendRequest,
        form: BatchForm,
    ) -> Result<(BatchReceipt, Standing), AppendRefused> {
        let AppendRequest { session, expected, key, body, subject, permit } = request;
        let entries = off_runtime(body.len(), move || read(&body, form, key.as_ref())).await?;
        let uuids: Vec<_> = entries.iter().map(|entry| entry.uuid).collect();
        let landed = self.land(session, expected, entries, subject, permit).await?;

        let status_of = |index| if index < landed.already { AppendStatus::AlreadyStored } else { AppendStatus::Stored };
        let results = uuids.into_iter().zip(&landed.seqs).enumerate();
        let results = results.map(|(index, (uuid, seq))| BatchResult { uuid, seq: *seq, status: status_of(index) });
        let receipt = BatchReceipt {
            status: status_of(landed.seqs.len() - 1),
            results: results.collect(),
            head: landed.standing.head,
            length: landed.standing.length,
        };
        Ok((receipt, landed.standing))
    }
}

fn read(body: &Bytes, form: BatchForm, key: Option<&IdempotencyKey>) -> Result<Vec<NewEntry>, AppendRefused> {
    let mut batch = Batch { body, key, entries: Vec::new(), uuids: HashSet::new(), without_uuid: 0 };
    match form {
        BatchForm::Ndjson => batch.read_lines()?,
        BatchForm::Array => batch.read_array()?,
    }
    if batch.entries.is_empty() {
        return Err(AppendRefused::MalformedBatch("it has no entries; send at least one"));
    }
    Ok(batch.entries)
}

struct Batch<'a> {
    body: &'a Bytes,
    key: Option<&'a IdempotencyKey>,
    entries: Vec<NewEntry>,
    uuids: HashSet<verbatim_proto::EntryUuid>,
    without_uuid: usize,
}

impl<'a> Batch<'a> {
    fn read_lines(&mut self) -> Result<(), AppendRefused> {
        for line in self.body.split(|byte| *byte == b'\n') {
            if line.iter().all(|byte| json::is_whitespace(*byte)) {
                continue;
            }
            let view = EntryView::parse(line).map_err(|cause| self.refused(cause.into()))?;
            self.push(&view)?;
        }
        Ok(())
    }

    fn read_array(&mut self) -> Result<(), AppendRefused> {
        const WANTED: AppendRefused = AppendRefused::MalformedBatch(
            "it is not a JSON array of entries; send [ENTRY, …], or one entry a line as application/x-ndjson",
        );
        let mut rest = after(self.body, b'[').ok_or(WANTED)?;
        if let Some(end) = after(rest, b']') {
            return if end.is_empty() { Ok(()) } else { Err(WANTED) };
        }
        loop {
            let (view, end) = EntryView::parse_prefix(rest).map_err(|cause| self.refused(cause.into()))?;
            self.push(&view)?;
            rest = skip_whitespace(&rest[end..]);
            match after(rest, b',') {
                Some(next) => rest = next,
                None => return if after(rest, b']').is_some_and(<[u8]>::is_empty) { Ok(()) } else { Err(WANTED) },
            }
        }
    }

    fn push(&mut self, view: &EntryView<'a>) -> Result<(), AppendRefused> {
        if self.entries.len() == BATCH_ENTRIES_MAX {
            return Err(AppendRefused::MalformedBatch("it has more than 1000 entries; send several batches"));
        }
        let key = match view.uuid {
            Some(uuid) if !self.uuids.insert(uuid) => return Err(self.refused(BatchEntryError::UuidTwice)),
            Some(_) => None,
            None => {
                let key = self.key.ok_or_else(|| self.refused(BatchEntryError::Unrecognisable))?;
                self.without_uuid += 1;
                Some(key.nth(self.without_uuid - 1))
            }
        };
        self.entries.push(new_entry(self.body, view, key));
        Ok(())
    }

    fn refused(&self, cause: BatchEntryError) -> AppendRefused {
        AppendRefused::MalformedInBatch { index: self.entries.len(), cause }
    }
}

fn skip_whitespace(text: &[u8]) -> &[u8] {
    let white = text.iter().take_while(|byte| json::is_whitespace(**byte)).count();
    &text[white..]
}

/// What follows `wanted` and the white space around it.
fn after(text: &[u8], wanted: u8) -> Option<&[u8]> {
    skip_whitespace(text).strip_prefix(&[wanted]).map(skip_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str, form: BatchForm, key: Option<&str>) -> Result<Vec<String>, String> {
        let key = key.map(|key| IdempotencyKey::new(key).expect("key"));
        let entries = read(&Bytes::copy_from_slice(body.as_bytes()), form, key.as_ref()).map_err(|e| e.to_string())?;
        let name = |entry: &NewEntry| match (entry.uuid, entry.key) {
            (Some(uuid), None) => uuid.to_string(),
            (None, Some(key)) => key.to_string(),
            other => panic!("{other:?}"),
        };
        Ok(entries.iter().map(name).collect())
    }

    #[test]
    fn both_forms_hold_the_same_entries() {
        let array = " [ {\"uuid\":\"a\"} ,\n{\"uuid\":\"b\"}] \n";
        let lines = "{\"uuid\":\"a\"}\r\n\n {\"uuid\":\"b\"}";
        for (body, form) in [(array, BatchForm::Array), (lines, BatchForm::Ndjson)] {
            assert_eq!(names(body, form, None), Ok(vec!["a".to_owned(), "b".to_owned()]), "{form:?}");
        }
    }

    #[test]
    fn entries_without_uuid_are_named_by_the_key_and_their_number() {
        let key = IdempotencyKey::new("K").expect("key");
        let body = "{}\n{\"uuid\":\"a\"}\n{\"n\":1}";
        let expected = vec![key.nth(0).to_string(), "a".to_owned(), key.nth(1).to_string()];
        assert_eq!(names(body, BatchForm::Ndjson, Some("K")), Ok(expected));
    }

    #[test]
    fn what_is_no_batch_is_refused_by_name() {
        use BatchForm::{Array, Ndjson};
        for (body, form, said) in [
            ("", Ndjson, "no entries"),
            (" \n \n", Ndjson, "no entries"),
            ("[]", Array, "no entries"),
            ("", Array, "not a JSON array"),
            ("[] x", Array, "not a JSON array"),
            ("{}", Array, "not a JSON array"),
            ("[{\"uuid\":\"a\"}", Array, "not a JSON array"),
            ("[{\"uuid\":\"a\"}] x", Array, "not a JSON array"),
            ("[{\"uuid\":\"a\"},]", Array, "entry 2"),
            ("{\"uuid\":\"a\"}\n[]", Ndjson, "entry 2"),
            ("{\"uuid\":\"a\"}\n{\"uuid\":\"a\"}", Ndjson, "entry 2"),
            ("{\"uuid\":\"a\"}\n{}", Ndjson, "Idempotency-Key"),
        ] {
            let error = names(body, form, None).expect_err(body);
            assert!(error.contains(said), "{body}: {error}");
        }
    }

    #[test]
    fn a_batch_holds_a_thousand_entries_and_no_more() {
        let line = |n: usize| format!("{{\"uuid\":\"{n}\"}}\n");
        let batch = |count: usize| (0..count).map(line).collect::<String>();
        assert_eq!(names(&batch(1000), BatchForm::Ndjson, None).map(|names| names.len()), Ok(1000));
        assert!(names(&batch(1001), BatchForm::Ndjson, None).is_err());
    }
}
