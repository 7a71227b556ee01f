//! Libraries put between the server and the system (`LD_PRELOAD`), compiled with the C compiler that RocksDB needs too.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles `source`, a file beside this one, to [`path`] in `folder`.
pub fn compile(source: &str, folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source);
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
    compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(path(folder)).arg(source).arg("-ldl");
    let output = compiler.output().expect("start the C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Where the library in `folder` is.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("shim.so")
}
