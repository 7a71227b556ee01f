//! Entries as they come: each once and in chain order, whatever becomes of the connections.

use futures_util::stream::BoxStream;
use url::Url;
use verbatim_proto::{messages::Entry, names::session_stream_path};

use super::{Begin, ReadError, Reader};
use crate::{
    decode::place,
    feed::{Begun, Feed, Follow},
};

/// Entries as they come, and then at most one error. It ends without one once the session has ended and all is read.
pub type Following = BoxStream<'static, Result<Followed, ReadError>>;

/// An entry of a stream.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The entry.
    pub entry: Entry,
    /// Where to go on behind it: [`Begin::Cursor`].
    pub cursor: String,
}

impl Reader {
    /// Follows the session: what there is from `from` on, then every further entry as it is stored, each once and in
    /// chain order. A connection that breaks, or that the server ends, is made again where the last entry left off, after
    /// the delays of the client's [`RetryPolicy`](crate::RetryPolicy); its attempts count anew once the stream has
    /// moved on.
    ///
    /// Line ends between a payload's tokens may come as others than were sent; all else is as it was appended.
    ///
    /// ```no_run
    /// # async fn follow(client: verbatim_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::TryStreamExt;
    /// use verbatim_client::{SessionId, read::Begin};
    ///
    /// let reader = client.reader(&SessionId::new("s1")?);
    /// let mut entries = reader.follow(Begin::Tail(10));
    /// while let Some(followed) = entries.try_next().await? {
    ///     println!("{} {}", followed.entry.seq, followed.entry.event_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(&self, from: Begin) -> Following {
        let entries = Entries { reader: self.clone(), from, next_seq: None };
        Follow::new(self.wire.clone(), self.credentials.clone(), entries).stream()
    }
}

struct Entries {
    reader: Reader,
    from: Begin,
    /// The number that the next entry must have, once one was given.
    next_seq: Option<u64>,
}

impl Feed for Entries {
    type Item = Followed;
    const EVENT: &'static str = "entry";
    const MAY_GO: bool = true;

    async fn begin(&mut self) -> Result<Begun<Followed>, ReadError> {
        // The end moves: where it is now is where the stream begins, however often it is asked for.
        if let Begin::Tail(entries) = self.from {
            self.from = Begin::Seq(self.reader.total().await?.saturating_sub(entries));
        }
        let cursor = match &self.from {
            Begin::Cursor(cursor) => Some(cursor.clone()),
            _ => None,
        };
        Ok(Begun { first: None, cursor })
    }

    fn url(&self, is_resumed: bool) -> Url {
        let mut url = self.reader.wire.url(&session_stream_path(self.reader.session()));
        if !is_resumed {
            self.from.ask(&mut url);
        }
        url
    }

    fn take(&mut self, data: &[u8], cursor: &str) -> Result<Option<Followed>, String> {
        let entry: Entry = serde_json::from_slice(data).map_err(|error| place(&error))?;
        match self.next_seq {
            Some(next) if entry.seq < next => return Ok(None),
            Some(next) if entry.seq > next => return Err(format!("entry {next} is left out")),
            _ => {}
        }
        self.next_seq = Some(entry.seq + 1);
        Ok(Some(Followed { entry, cursor: cursor.to_owned() }))
    }
}
