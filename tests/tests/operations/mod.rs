//! Random sequences of everything that can be done to sessions, against a plain model in memory: every answer is the
//! model's, and so is everything that can be read after a restart.

mod model;
mod reads;
mod rules;
mod steps;

use futures_util::future::join_all;
use steps::{Kind, Mix, Sequence};
use verbatim_tests::{rng::Rng, server::Server, token::Token};

/// Sequences that run beside one another, each in an organisation of its own; then the server is restarted under them.
const BESIDE: usize = 24;
const OPERATIONS: usize = 60;

const ALL: Mix = &[
    (Kind::Append, 26),
    (Kind::Batch, 8),
    (Kind::Create, 6),
    (Kind::Patch, 10),
    (Kind::Fork, 8),
    (Kind::Delete, 6),
    (Kind::Restore, 6),
    (Kind::Purge, 2),
    (Kind::Redact, 6),
    (Kind::Reset, 4),
    (Kind::Read, 18),
];

/// Trees of forks, whose trunks and branches go and come back.
const TREES: Mix = &[
    (Kind::Append, 22),
    (Kind::Batch, 6),
    (Kind::Fork, 30),
    (Kind::Delete, 8),
    (Kind::Restore, 8),
    (Kind::Purge, 5),
    (Kind::Redact, 3),
    (Kind::Read, 18),
];

/// Runs `rounds` of sequences, each ended by a restart and a look at everything. The seed repeats all of it.
async fn run(test: &str, mix: Mix, rounds: usize) {
    let mut rng = Rng::seeded(test);
    let mut server = Server::start().await;
    for round in 0..rounds {
        let begun = (0..BESIDE).map(|number| {
            let org = format!("0190d3a5-7c1e-7000-8000-{:012x}", round * BESIDE + number);
            let mut sequence = Sequence::new(server.organization_as(&Token::full(&org)), rng.fork());
            async move {
                for _ in 0..OPERATIONS {
                    if let Err(why) = sequence.step(mix).await {
                        failed(&sequence, round, number, &why);
                    }
                }
                sequence
            }
        });
        let mut sequences = join_all(begun).await;
        server = if rng.below(2) == 0 { server.restart().await } else { server.kill().await.start().await };
        let address = server.address;
        join_all(sequences.iter_mut().enumerate().map(async |(number, sequence)| {
            sequence.moved(address);
            if let Err(why) = reads::everything(sequence).await {
                failed(sequence, round, number, &format!("after a restart: {why}"));
            }
        }))
        .await;
    }
}

fn failed(sequence: &Sequence, round: usize, number: usize, why: &str) -> ! {
    panic!("round {round}, sequence {number}: {why}\nIt did:\n  {}", sequence.done.join("\n  "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_the_model_whatever_is_done() {
    run("operations", ALL, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trees_of_forks_are_the_model_whatever_goes() {
    run("trees", TREES, 3).await;
}
