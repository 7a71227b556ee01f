//! What every request goes through: a name, a match in the table, an answer, a line in the log.
//!
//! Each resource is a file that decodes, calls the service and encodes. Deliberately absent: RocksDB.

mod append;
mod batch;
mod body;
mod changes;
mod entries;
mod envelope;
mod health;
mod lifecycle;
mod metrics;
mod openapi;
mod organization;
mod problem;
mod request;
mod sessions;
mod stream;
mod table;
mod teleport;
mod transcript;

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use verbatim_proto::{EntryUuid, Scope, names};

pub use body::Body;
use problem::Problem;
use request::RequestNames;
use table::{Operation, Table};

use crate::{
    auth::{Authenticator, Caller},
    metrics::{Exporter, RouteMetrics},
    service::{Leave, Service},
    store::SessionKey,
};

/// What a path that no route has is called, in the log and in metrics.
const UNROUTED: &str = "unknown";

/// What routes need: who may call, and whom they call.
pub struct Routes {
    service: Arc<Service>,
    auth: Arc<Authenticator>,
    names: RequestNames,
    table: Table,
    document: Bytes,
    unrouted: RouteMetrics,
    exporter: Arc<Exporter>,
    limits: RouteLimits,
}

/// Two routes are in each other's way: a defect of this program.
#[derive(Debug, thiserror::Error)]
#[error("the route table is not sound: {0}")]
pub struct InvalidTable(String);

/// What an operator may set of how routes behave.
#[derive(Debug, Clone, Copy)]
pub struct RouteLimits {
    /// How long a request's body may take to arrive.
    pub body_timeout: std::time::Duration,
}

/// An answer with a JSON body.
fn json_body(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// Names the session's head, where it has one.
fn set_head(headers: &mut HeaderMap, head: Option<&EntryUuid>) {
    // A uuid is visible ASCII, which a header can always hold.
    if let Some(head) = head.and_then(|head| HeaderValue::from_str(head.as_str()).ok()) {
        headers.insert(names::X_LAST_UUID, head);
    }
}

fn authorization(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes)
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One request on its way, without its body.
struct Call<'a> {
    routes: &'a Routes,
    /// What stands in the places of the path's pattern, in its form or not.
    places: matchit::Params<'a, 'a>,
    /// The last part of the path: the session's name where the table has it in full.
    named: &'a str,
    headers: &'a HeaderMap,
    query: Option<&'a str>,
}

impl Routes {
    /// Routes over `service`, for whom `auth` lets in.
    pub fn new(
        service: Arc<Service>,
        auth: Arc<Authenticator>,
        exporter: Arc<Exporter>,
        limits: RouteLimits,
    ) -> Result<Self, InvalidTable> {
        let table = Table::new().map_err(|error| InvalidTable(error.to_string()))?;
        let document = openapi::document().to_string().into();
        let unrouted = RouteMetrics::new(UNROUTED);
        Ok(Self { service, auth, names: RequestNames::new(), table, document, unrouted, exporter, limits })
    }

    /// Answers one request, whatever it is.
    pub async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let started = Instant::now();
        let (head, mut body) = request.into_parts();
        let name = self.names.of(&head.headers);
        let found = self.table.find(head.uri.path());
        let pattern = found.as_ref().map_or(UNROUTED, |found| found.value.pattern);
        let metrics = found.as_ref().map_or(&self.unrouted, |found| &found.value.metrics);
        let answer = match found {
            None => Err(Problem::no_route()),
            Some(found) => match found.value.operation(&head.method) {
                None => Err(Problem::method_not_allowed(found.value.allow())),
                Some(operation) => {
                    let (headers, query) = (&head.headers, head.uri.query());
                    self.auth.look_for_key(authorization(headers)).await;
                    let named = head.uri.path().rsplit('/').next().unwrap_or_default();
                    let call = Call { routes: self, places: found.params, named, headers, query };
                    call.dispatch(operation, &mut body).await
                }
            },
        };
        let mut response = answer.unwrap_or_else(Problem::into_response);
        let waits_to_send = head.headers.contains_key(header::EXPECT);
        if !body.is_end_stream() && !waits_to_send && response.status() != StatusCode::REQUEST_TIMEOUT {
            tokio::spawn(body::linger(body));
        }
        if head.method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        let time = started.elapsed();
        metrics.answered(head.method.as_str(), response.status().as_u16(), time);
        tracing::debug!(
            request = name.to_str().unwrap_or_default(),
            method = %head.method,
            route = pattern,
            status = response.status().as_u16(),
            micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
            "request"
        );
        response.headers_mut().insert(names::REQUEST_ID, name);
        response
    }
}

impl Call<'_> {
    async fn dispatch(&self, operation: Operation, body: &mut Incoming) -> Result<Response<Body>, Problem> {
        let session = self.places.get("session_id").unwrap_or(self.named);
        match operation {
            Operation::AppendEntry => append::append(self, session, body).await,
            // Whatever waits in here would make room for itself in every append.
            other => Box::pin(self.dispatch_other(other, session, body)).await,
        }
    }

    async fn dispatch_other(
        &self,
        operation: Operation,
        session: &str,
        body: &mut Incoming,
    ) -> Result<Response<Body>, Problem> {
        let event_id = self.places.get("event_id").unwrap_or_default();
        match operation {
            Operation::Health => Ok(health::health()),
            Operation::Ready => health::ready(self),
            Operation::Document => Ok(openapi::answer(&self.routes.document)),
            Operation::Metrics => metrics::scrape(self).await,
            Operation::AppendEntry => append::append(self, session, body).await,
            Operation::ReadTranscript => transcript::whole(self, session).await,
            Operation::ReadStanding => transcript::standing(self, session).await,
            Operation::TeleportPage => teleport::page(self, session).await,
            Operation::EntriesPage => entries::page(self, session).await,
            Operation::OneEntry => entries::one(self, session, event_id).await,
            Operation::Stream => stream::follow(self, session).await,
            Operation::AppendBatch => batch::append_batch(self, session, body).await,
            Operation::CreateSession => sessions::create(self, body).await,
            Operation::ListSessions => sessions::list(self).await,
            Operation::ShowSession => sessions::show(self, session).await,
            Operation::PatchSession => sessions::patch(self, session, body).await,
            Operation::DeleteSession => lifecycle::delete(self, session).await,
            Operation::RestoreSession => lifecycle::restore(self, session).await,
            Operation::ForkSession => sessions::fork(self, session, body).await,
            Operation::ResetSession => lifecycle::reset(self, session).await,
            Operation::RedactEntry => lifecycle::redact(self, session, event_id).await,
            Operation::PreviewSessions => sessions::previews(self, body).await,
            Operation::Changes => changes::follow(self).await,
            Operation::Usage => organization::usage(self).await,
            Operation::ShowSettings => organization::settings(self).await,
            Operation::PatchSettings => organization::patch_settings(self, body).await,
            Operation::ListExpiring => organization::expiring(self).await,
        }
    }

    /// Who calls, if it may do `scope` to the session of this name.
    fn caller(&self, scope: Scope, session: &str) -> Result<Caller, Problem> {
        let caller = self.authenticated()?;
        caller.may(scope, session)?;
        Ok(caller)
    }

    /// Who calls, in the organisation that it says it calls for.
    fn authenticated(&self) -> Result<Caller, Problem> {
        let caller = self.routes.auth.authenticate(authorization(self.headers))?;
        caller.in_organization(self.headers.get(names::X_ORGANIZATION_UUID).map(HeaderValue::as_bytes))?;
        Ok(caller)
    }

    /// What the caller has to follow by: it ends with the caller's token.
    fn leave_of(&self, caller: &Caller) -> Leave {
        let refused = self.routes.auth.refused(caller);
        Leave::until(refused.map(|_| ()))
    }

    /// Adds the session's head to a refusal that its caller may know it by: every answer about a session that has a
    /// head carries it.
    async fn with_head(&self, session: &SessionKey, problem: Problem) -> Problem {
        if !problem.lacks_head() {
            return problem;
        }
        let head = self.service().snapshot(session).await.ok().and_then(|snapshot| snapshot.head);
        problem.with_head(head)
    }

    fn service(&self) -> &Service {
        &self.routes.service
    }
}
