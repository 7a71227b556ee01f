//! `POST /v1/sessions/{session_id}/entries`: append a batch.

use http::Response;
use hyper::body::Incoming;
use verbatim_proto::Scope;

use super::{Body, Call, Problem, append, request};
use crate::{
    service::BatchForm,
    store::{SessionKey, Subject},
};

/// Appends all entries of the body together. Takes access tokens alone.
pub(super) async fn append_batch(
    call: &Call<'_>,
    session: &str,
    body: &mut Incoming,
) -> Result<Response<Body>, Problem> {
    let caller = call.caller(Scope::Append, session).map_err(Problem::not_stored)?;
    caller.with_access_token().map_err(|forbidden| Problem::from(forbidden).not_stored())?;
    let session = caller.session(request::session_id(session).map_err(Problem::not_stored)?);
    match admitted(call, &session, caller.subject(), body).await {
        Ok(response) => Ok(response),
        Err(problem) => Err(call.with_head(&session, problem.not_stored()).await),
    }
}

async fn admitted(
    call: &Call<'_>,
    session: &SessionKey,
    subject: Subject,
    body: &mut Incoming,
) -> Result<Response<Body>, Problem> {
    let form = match append::media_type(call.headers).as_str() {
        "application/json" => BatchForm::Array,
        "application/x-ndjson" => BatchForm::Ndjson,
        _ => return Err(Problem::media_type("application/x-ndjson` or `application/json")),
    };
    let (request, expected) = append::request(call, session, subject, body).await?;
    let appended = call.service().append_batch(request, form).await;
    let (receipt, standing) = appended.map_err(|refused| Problem::of_append(&refused, expected))?;
    let body = serde_json::to_vec(&receipt).unwrap_or_default();
    Ok(append::encode(receipt.status, body, standing))
}
