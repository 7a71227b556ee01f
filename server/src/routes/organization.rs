//! `/v1/organization/…`: usage, settings, what will go.

use http::Response;
use hyper::body::Incoming;
use verbatim_proto::{
    Scope, Timestamp,
    limits::{SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX},
    names::query,
    organization::PatchSettings,
};

use super::{
    Body, Call, Problem, request,
    sessions::{json, organization_caller, read},
};

/// `GET /v1/organization/usage`
pub(super) async fn usage(call: &Call<'_>) -> Result<Response<Body>, Problem> {
    let caller = organization_caller(call, Scope::Read)?;
    Ok(json(&call.service().usage(caller.organization()).await?))
}

/// `GET /v1/organization/settings`
pub(super) async fn settings(call: &Call<'_>) -> Result<Response<Body>, Problem> {
    let caller = organization_caller(call, Scope::Read)?;
    Ok(json(&call.service().settings(caller.organization()).await?))
}

/// `PATCH /v1/organization/settings`
pub(super) async fn patch_settings(call: &Call<'_>, body: &mut Incoming) -> Result<Response<Body>, Problem> {
    let caller = organization_caller(call, Scope::Admin)?;
    let body: PatchSettings = read(call, body).await?;
    Ok(json(&call.service().patch_settings(caller.organization(), body).await?))
}

/// `GET /v1/organization/expiring`
pub(super) async fn expiring(call: &Call<'_>) -> Result<Response<Body>, Problem> {
    let caller = organization_caller(call, Scope::Read)?;
    let limit = request::limit_of(call.query, SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX)?;
    let cursor = request::parameter(call.query, query::CURSOR)?.map(Into::into);
    let before = request::parameter(call.query, query::BEFORE)?.map(|time| time.parse::<Timestamp>()).transpose();
    let before = before.map_err(|error| Problem::invalid(format!("before: {error}")))?;
    Ok(json(&call.service().expiring(caller.organization(), before, limit, cursor).await?))
}
