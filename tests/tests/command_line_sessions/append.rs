//! append --batch: all or nothing, and once however often.

use verbatim_tests::entry::{entry, plain};

use super::{Shell, column};

#[tokio::test]
async fn every_line_together() {
    let shell = Shell::start().await;
    let lines = format!("{}\n\n{}\n{}", entry("a"), plain("x"), entry("b"));
    for (round, status) in [(0, "stored"), (1, "already_stored")] {
        let finished = shell.run_with(&["append", "s", "--batch", "--key", "k"], &lines).await.expect_code(0);
        let receipt: serde_json::Value = serde_json::from_str(&finished.text()).expect("one receipt");
        assert_eq!((&receipt["status"], &receipt["length"]), (&status.into(), &3.into()), "round {round}");
        assert_eq!(column(receipt["results"].as_array().unwrap(), "seq"), [0, 1, 2]);
    }
    // It adopts the head that others have moved, and stores what is missing.
    shell.server.session("s").store(Some("b"), entry("c")).await;
    shell.run_with(&["append", "s", "--batch"], &entry("d")).await.expect_code(0);
    assert_eq!(shell.server.session("s").ids().await, ["a", "~1", "b", "c", "d"]);
}

#[tokio::test]
async fn a_bad_line_keeps_all_of_them_out() {
    let shell = Shell::start().await;
    let secret = "SECRET-CONTENT";
    for (input, code) in [
        (format!("{}\n[\"{secret}\"]\n", entry("a")), 65),
        (String::new(), 65),
        ((0..1001).map(|n| entry(&format!("u{n}")) + "\n").collect(), 65),
        (format!("{}\n{}\n", entry("a"), entry("a")), 65),
    ] {
        let finished = shell.run_with(&["append", "s", "--batch"], &input).await.expect_code(code);
        assert!(!finished.stderr.is_empty() && !finished.stderr.contains(secret), "{}", finished.stderr);
    }
    shell.run_with(&["append", "s", "--batch", "--lines"], "{}").await.expect_code(64);
    assert_eq!(shell.server.session("s").state().await, (None, 0));
}
