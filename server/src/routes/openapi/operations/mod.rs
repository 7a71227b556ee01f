//! What each operation takes, answers and refuses. One file a group.

mod entries;
mod lifecycle;
mod organization;
mod process;
mod sessions;
mod transcripts;

use super::{
    about::{About, Answer, Tag},
    access::Access,
    parameters,
    schemas::Schemas,
};
use crate::routes::table::Operation;

/// Describes one operation.
pub(super) fn describe(operation: Operation, schemas: &mut Schemas) -> About {
    match operation {
        Operation::Health => process::health(),
        Operation::Ready => process::ready(),
        Operation::Metrics => process::metrics(),
        Operation::Document => process::document(),
        Operation::AppendEntry => transcripts::append(schemas),
        Operation::ReadTranscript => transcripts::whole(schemas),
        Operation::ReadStanding => transcripts::standing(),
        Operation::TeleportPage => transcripts::page(schemas),
        Operation::AppendBatch => entries::append_batch(schemas),
        Operation::EntriesPage => entries::page(schemas),
        Operation::OneEntry => entries::one(schemas),
        Operation::RedactEntry => entries::redact(schemas),
        Operation::Stream => entries::stream(schemas),
        Operation::CreateSession => sessions::create(schemas),
        Operation::ListSessions => sessions::list(schemas),
        Operation::ShowSession => sessions::show(schemas),
        Operation::PatchSession => sessions::patch(schemas),
        Operation::ForkSession => sessions::fork(schemas),
        Operation::PreviewSessions => sessions::previews(schemas),
        Operation::DeleteSession => lifecycle::delete(schemas),
        Operation::RestoreSession => lifecycle::restore(schemas),
        Operation::ResetSession => lifecycle::reset(schemas),
        Operation::Changes => organization::changes(schemas),
        Operation::Usage => organization::usage(schemas),
        Operation::ShowSettings => organization::settings(schemas),
        Operation::PatchSettings => organization::patch_settings(schemas),
        Operation::ListExpiring => organization::expiring(schemas),
    }
}
