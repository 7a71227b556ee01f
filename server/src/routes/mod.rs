//! The route table, and what every request goes through: a name, a match, an answer, a line in the log.
//!
//! Each resource is a file that decodes, calls the service and encodes. Deliberately absent: RocksDB.

mod append;
mod body;
mod health;
mod problem;
mod request;
mod teleport;
mod transcript;

use std::{sync::Arc, time::Instant};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use verbatim_proto::{EntryUuid, Scope, names};

pub use body::Body;
use problem::Problem;
use request::RequestNames;

use crate::{auth::Authenticator, service::Service, store::SessionKey};

/// What routes need: who may call, and whom they call.
pub struct Routes {
    service: Arc<Service>,
    auth: Authenticator,
    names: RequestNames,
    limits: RouteLimits,
}

/// What an operator may set of how routes behave.
#[derive(Debug, Clone, Copy)]
pub struct RouteLimits {
    /// How long a request's body may take to arrive.
    pub body_timeout: std::time::Duration,
}

/// A route that a path matches; the session is as it stands in the path, in its form or not.
enum Route<'a> {
    Health,
    Ready,
    Ingress { session: &'a str },
    Teleport { session: &'a str },
}

impl<'a> Route<'a> {
    /// The whole route table.
    fn of(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let parts = [(); 6].map(|()| parts.next());
        match parts {
            [Some("healthz"), None, ..] => Some(Self::Health),
            [Some("readyz"), None, ..] => Some(Self::Ready),
            [Some("v1"), Some("session_ingress"), Some("session"), Some(session), None, _] => {
                Some(Self::Ingress { session })
            }
            [Some("v1"), Some("code"), Some("sessions"), Some(session), Some("teleport-events"), None] => {
                Some(Self::Teleport { session })
            }
            _ => None,
        }
    }

    /// The route in the log and in metrics: without what differs from call to call.
    fn pattern(&self) -> &'static str {
        match self {
            Self::Health => "/healthz",
            Self::Ready => "/readyz",
            Self::Ingress { .. } => "/v1/session_ingress/session/{session_id}",
            Self::Teleport { .. } => "/v1/code/sessions/{session_id}/teleport-events",
        }
    }

    /// The methods it takes, as `Allow` lists them (RFC 9110, section 10.2.1).
    fn allow(&self) -> &'static str {
        match self {
            Self::Health | Self::Ready | Self::Teleport { .. } => "GET, HEAD",
            Self::Ingress { .. } => "GET, HEAD, PUT",
        }
    }
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

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One request on its way, without its body.
struct Call<'a> {
    routes: &'a Routes,
    headers: &'a HeaderMap,
    query: Option<&'a str>,
}

impl Routes {
    /// Routes over `service`, for whom `auth` lets in.
    pub fn new(service: Arc<Service>, auth: Authenticator, limits: RouteLimits) -> Self {
        Self { service, auth, names: RequestNames::new(), limits }
    }

    /// Answers one request, whatever it is.
    pub async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let name = self.names.of(&head.headers);
        let route = Route::of(head.uri.path());
        let pattern = route.as_ref().map_or("unknown", Route::pattern);
        let call = Call { routes: self, headers: &head.headers, query: head.uri.query() };
        let mut response = match route {
            None => Problem::no_route().into_response(),
            Some(route) => call.dispatch(&head.method, route, body).await,
        };
        if head.method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        tracing::debug!(
            request = name.to_str().unwrap_or_default(),
            method = %head.method,
            route = pattern,
            status = response.status().as_u16(),
            micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "request"
        );
        response.headers_mut().insert(names::REQUEST_ID, name);
        response
    }
}

impl Call<'_> {
    async fn dispatch(&self, method: &Method, route: Route<'_>, body: Incoming) -> Response<Body> {
        let answer = match (route, method) {
            (Route::Health, &Method::GET | &Method::HEAD) => Ok(health::health()),
            (Route::Ready, &Method::GET | &Method::HEAD) => health::ready(self),
            (Route::Ingress { session }, &Method::PUT) => append::append(self, session, body).await,
            (Route::Ingress { session }, &Method::GET) => transcript::whole(self, session).await,
            (Route::Ingress { session }, &Method::HEAD) => transcript::standing(self, session).await,
            (Route::Teleport { session }, &Method::GET | &Method::HEAD) => teleport::page(self, session).await,
            (route, _) => Err(Problem::method_not_allowed(route.allow())),
        };
        answer.unwrap_or_else(Problem::into_response)
    }

    /// Who calls, if it may do `scope` to the session of this name.
    fn caller(&self, scope: Scope, session: &str) -> Result<crate::auth::Caller, Problem> {
        let sent = self.headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes);
        let caller = self.routes.auth.authenticate(sent)?;
        let organization = self.headers.get(names::X_ORGANIZATION_UUID).map(HeaderValue::as_bytes);
        caller.in_organization(organization)?;
        caller.may(scope, session)?;
        Ok(caller)
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
