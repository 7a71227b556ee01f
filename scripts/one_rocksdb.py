"""Fails when build, tests, clippy, docs and benches would not share one compilation of RocksDB (24 CPU-minutes each).

It compares what cargo plans for the RocksDB build script under each command: the script, everything it is built from,
their features and their profiles. A new dependency that turns on a feature in one command alone shows up here.
"""

import hashlib
import json
import os
import subprocess
import sys

COMMANDS = {
    "build": ["build", "--release"],
    "test": ["test", "--release"],
    "clippy": ["check", "--release", "--all-targets"],
    "docs": ["doc", "--release", "--no-deps"],
    "benches": ["bench", "--profile", "release", "--bench", "hot"],
}


def plan(command):
    # The plan is printed under an unstable flag, which the pinned toolchain takes with this variable set.
    argv = ["cargo", *command, "--workspace", "--unit-graph", "-Zunstable-options"]
    done = subprocess.run(argv, env={**os.environ, "RUSTC_BOOTSTRAP": "1"}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"one_rocksdb: cargo {command[0]} cannot be planned:\n{done.stderr}")
    return json.loads(done.stdout)["units"]


def identity(units, index, known):
    if index not in known:
        unit = units[index]
        parts = [unit["pkg_id"], unit["target"]["kind"], unit["features"], unit["mode"], unit["profile"],
                 sorted(identity(units, dependency["index"], known) for dependency in unit["dependencies"])]
        known[index] = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return known[index]


def rocksdb_builds(command):
    units = plan(command)
    return {identity(units, index, {}) for index, unit in enumerate(units)
            if "librocksdb-sys" in unit["pkg_id"] and unit["mode"] == "run-custom-build"}


if __name__ == "__main__":
    builds = {name: rocksdb_builds(command) for name, command in COMMANDS.items()}
    if len(set.union(*builds.values())) != 1:
        sys.exit("one_rocksdb: RocksDB would be compiled more than once; compare the features of librocksdb-sys's build "
                 f"dependencies (cargo tree -e features,build) between: {', '.join(builds)}")
