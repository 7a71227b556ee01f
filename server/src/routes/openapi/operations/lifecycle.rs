//! How sessions go, come back and begin anew.

use http::StatusCode;
use serde_json::json;
use verbatim_proto::{
    ErrorCode, Scope,
    names::{X_LAST_UUID, query},
    sessions::{PurgedSession, ResetSession, Session},
};

use super::{
    About, Answer, Schemas, parameters,
    sessions::{about, shown},
};
use crate::routes::openapi::headers::ETAG_WHERE_SHOWN;

pub(super) fn delete(schemas: &mut Schemas) -> About {
    let either = json!({ "oneOf": [schemas.given::<Session>(), schemas.given::<PurgedSession>()] });
    about("deleteSession", "Put a session into the bin, or purge it", Scope::Admin)
        .takes([
            parameters::flag(query::CASCADE, "Whether its sub-agents' sessions go with it.", true),
            parameters::flag(query::PURGE, "At once and for good, whether it is in the bin or not.", false),
        ])
        .answers(
            Answer::new(
                StatusCode::OK,
                "The session, in the bin, with its ETag; or, of a purge, since when it is gone.",
            )
            .json(&either)
            .with(&[ETAG_WHERE_SHOWN, X_LAST_UUID]),
        )
        .writes()
        .refuses(&[ErrorCode::NotFound])
}

pub(super) fn restore(schemas: &mut Schemas) -> About {
    about("restoreSession", "Take a session out of the bin", Scope::Admin)
        .says("What went into the bin with it comes back with it. One that is not in the bin is left as it is.")
        .answers(shown(schemas, "The session."))
        .writes()
        .refuses(&[ErrorCode::NotFound])
}

pub(super) fn reset(schemas: &mut Schemas) -> About {
    let session = schemas.given::<ResetSession>();
    let answer = |status, description| Answer::new(status, description).json(&session);
    about("resetSession", "Begin a new chain under the same id", Scope::Admin)
        .says("The old chain is kept whole in a session of its own.")
        .takes([parameters::last_uuid()])
        .answers(answer(StatusCode::CREATED, "The session, empty now, and where its old chain is.").with(&[
            "etag",
            "location",
            X_LAST_UUID,
        ]))
        .answers(
            answer(StatusCode::OK, "The session was empty, by this same reset or from the beginning.")
                .with(&["etag", X_LAST_UUID]),
        )
        .writes()
        .refuses(&[ErrorCode::NotFound, ErrorCode::Conflict])
}
