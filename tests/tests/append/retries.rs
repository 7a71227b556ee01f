//! A retry is recognised by its uuid: wherever in the chain it stands, whatever head the retry believes in.

use verbatim_tests::{entry::entry, server::Server};

#[tokio::test]
async fn a_retry_is_answered_whatever_its_last_uuid() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b", "c", "d"]).await;
    let before = session.chain().await;
    for (seq, uuid) in ["a", "b", "c", "d"].into_iter().enumerate() {
        for last in [None, Some(""), Some("a"), Some("d"), Some("never-seen")] {
            let answer = session.append(last, entry(uuid)).await.expect(200);
            let receipt = answer.json();
            assert_eq!(receipt["status"], "already_stored");
            assert_eq!(receipt["uuid"], uuid);
            assert_eq!(receipt["seq"], seq);
            assert_eq!(receipt["created_at"], before[seq].created_at.as_str());
            assert_eq!(answer.header("x-last-uuid"), Some("d"));
        }
    }
    assert_eq!(session.ids().await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn other_content_under_a_stored_uuid_is_refused_whatever_its_last_uuid() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b"]).await;
    for uuid in ["a", "b"] {
        for last in [None, Some("a"), Some("b"), Some("x")] {
            let answer = session.append(last, format!(r#"{{"uuid":"{uuid}","other":1}}"#)).await.expect(422);
            assert_eq!(answer.error_type(), "uuid_reused_error");
            assert_eq!(answer.header("x-last-uuid"), Some("b"));
        }
    }
    let chain = session.chain().await;
    assert_eq!(chain[0].payload.get(), entry("a"), "the first content stays");
    assert_eq!(chain.len(), 2);
}

#[tokio::test]
async fn a_uuid_is_compared_exactly_as_sent() {
    let server = Server::start().await;
    let session = server.session("s");
    let spellings = [
        "abcdef01-2345-4678-9abc-def012345678",
        "ABCDEF01-2345-4678-9ABC-DEF012345678",
        "abcdef01234546789abcdef012345678",
    ];
    let mut last = None;
    for uuid in spellings {
        assert_eq!(session.store(last, entry(uuid)).await["uuid"], uuid);
        last = Some(uuid);
    }
    assert_eq!(session.ids().await, spellings);
}
