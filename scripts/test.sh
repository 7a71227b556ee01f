#!/usr/bin/env bash
# Runs every test of the workspace and closes with one line that adds them up. Arguments go to cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."

# `cargo test` prints one summary a test binary; the exit code stays cargo's own.
cargo test --release --workspace --no-fail-fast "$@" 2>&1 | awk '
    { print; fflush() }
    /^test result: / {
        for (i = 2; i <= NF; i++) {
            if ($i == "passed;") passed += $(i - 1)
            if ($i == "failed;") failed += $(i - 1)
            if ($i == "ignored;") skipped += $(i - 1)
        }
    }
    END {
        printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
        if (passed + failed == 0) exit 1
    }'
