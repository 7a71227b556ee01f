//! `/healthz` and `/readyz`: open to all, and cheap.

use verbatim_tests::server::Server;

#[tokio::test]
async fn a_server_that_listens_is_healthy_and_ready() {
    let server = Server::start().await;
    for path in ["/healthz", "/readyz"] {
        for method in ["GET", "HEAD"] {
            let answer = server.call(method, path).send().await.expect(200);
            assert!(answer.header("request-id").is_some());
            assert_eq!(answer.body.is_empty(), method == "HEAD");
        }
        server.call("GET", path).bearer("not a token").send().await.expect(200);
        server.call("GET", &format!("{path}?verbose")).send().await.expect(200);
    }
}
