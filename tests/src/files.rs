//! The files of a data folder, as whoever holds the disk could read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use memchr::memmem;

/// Bytes of the store's tables, blobs and logs.
pub fn store_bytes(data_dir: &Path) -> u64 {
    let holds_entries =
        |path: &PathBuf| path.extension().is_some_and(|kind| ["sst", "blob", "log"].iter().any(|own| kind == *own));
    let files = files(data_dir).into_iter().filter(holds_entries);
    // One may go between being listed and being looked at.
    files.filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum()
}

/// The files that hold `text`, byte for byte and uncompressed.
pub fn holding(data_dir: &Path, text: &str) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| fs::read(path).is_ok_and(|bytes| memmem::find(&bytes, text.as_bytes()).is_some());
    files(data_dir).into_iter().filter(holds).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("list the data folder").flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
