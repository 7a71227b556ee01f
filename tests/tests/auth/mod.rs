//! Who may call: the two kinds of token, what each may do, and every way a token can fail.

mod configured;
mod forged;
mod organizations;
mod revocation;
mod rotation;
mod scopes;

use verbatim_tests::{
    entry::entry,
    server::Server,
    wait::until,
    wire::{Answer, Call},
};

/// The three v1 routes on the session `s`, as reads and appends.
fn reads(server: &Server, id: &str) -> [Call; 3] {
    let path = format!("/v1/session_ingress/session/{id}");
    [
        server.call("GET", &path),
        server.call("HEAD", &path),
        server.call("GET", &format!("/v1/code/sessions/{id}/teleport-events")),
    ]
}

fn append(server: &Server, id: &str, last: &str, uuid: &str) -> Call {
    let call = server.call("PUT", &format!("/v1/session_ingress/session/{id}"));
    call.header("content-type", "application/json").header("last-uuid", last).body(entry(uuid))
}

/// A 401 or 403 is what it says and tells nothing of the session.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert_eq!(answer.header("x-last-uuid"), None, "{what}");
    assert_eq!(answer.header("x-entry-count"), None, "{what}");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.is_some_and(|challenge| challenge.starts_with("Bearer")), status == 401, "{what}: {answer:?}");
    if !answer.body.is_empty() {
        let error_type = if status == 401 { "authentication_error" } else { "permission_error" };
        assert_eq!(answer.error_type(), error_type, "{what}");
    }
}

/// Reads the session `s` with this token until the answer is `status`: keys and revocations take a moment to be seen.
async fn answers(server: &Server, token: &str, status: u16) {
    let read = server.session_by("s", token).get("");
    let answer = until("the token to be taken otherwise", async || {
        let answer = read.send().await;
        if answer.status == status { Ok(answer) } else { Err(answer) }
    })
    .await;
    if status == 401 {
        assert_refused(&answer, 401, "a token that does not hold");
    }
}
