//! `GET /healthz`: the process answers. `GET /readyz`: it takes appends.

use http::{Response, StatusCode};

use super::{Body, Call, Problem, json_body};

pub(super) fn health() -> Response<Body> {
    json_body(StatusCode::OK, Body::whole(&br#"{"status":"ok"}"#[..]))
}

pub(super) fn ready(call: &Call<'_>) -> Result<Response<Body>, Problem> {
    call.service().ready()?;
    Ok(json_body(StatusCode::OK, Body::whole(&br#"{"status":"ready"}"#[..])))
}
