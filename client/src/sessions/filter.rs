//! Which sessions a list shows.

use std::num::NonZeroUsize;

use url::Url;
use verbatim_proto::{SessionId, Timestamp, sessions::Status};

/// What sessions must be like to be listed; everything, where nothing is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionFilter {
    /// Of this project.
    pub project: Option<String>,
    /// Of this session's sub-agents.
    pub parent: Option<SessionId>,
    /// Of this status. Deleted ones are listed only where they are asked for.
    pub status: Option<Status>,
    /// Changed after this time.
    pub updated_after: Option<Timestamp>,
    /// With each of these values of metadata.
    pub metadata: Vec<(String, String)>,
    /// With a title that begins so.
    pub title: Option<String>,
    /// How many a page holds at most; the server gives 50 unless told otherwise, and never more than 500.
    pub page_sessions: Option<NonZeroUsize>,
    /// Where an earlier page of the same filter left off.
    pub cursor: Option<String>,
}

impl SessionFilter {
    pub(super) fn ask(&self, url: &mut Url) {
        let status = self.status.map(|status| match status {
            Status::Active => "active",
            Status::Paused => "paused",
            Status::Ended => "ended",
            Status::Deleted => "deleted",
        });
        let parameters = [
            ("project", self.project.clone()),
            ("parent", self.parent.as_ref().map(ToString::to_string)),
            ("status", status.map(str::to_owned)),
            ("updated_after", self.updated_after.map(|time| time.to_string())),
            ("title", self.title.clone()),
            ("limit", self.page_sessions.map(|sessions| sessions.to_string())),
        ];
        let mut given: Vec<_> =
            parameters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        given.extend(self.metadata.iter().map(|(name, value)| (format!("metadata.{name}"), value.clone())));
        if !given.is_empty() {
            url.query_pairs_mut().extend_pairs(given);
        }
    }
}
