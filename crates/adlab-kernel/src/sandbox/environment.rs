//! What is not trusted knows of the user's environment.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What names the language, the time and this project's own: nothing that anybody keeps a secret in.
const KNOWN: [&str; 9] = [
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "RUST_MIN_STACK",
    "LD_LIBRARY_PATH",
    "ADLAB_MEMORY",
    "ADLAB_SESSION",
    "ADLAB_SANDBOX",
];
const KINDS: [&str; 2] = ["LC_", "MIMALLOC_"];

/// What cargo tells rustc of a cell.
const OF_CARGO: [&str; 4] = ["CARGO_PKG_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PRIMARY_"];

/// Those of these variables that may be known, and where the folder is that is the process's own.
pub fn harmless(
    all: impl Iterator<Item = (OsString, OsString)>,
    own: &Path,
) -> impl Iterator<Item = (OsString, OsString)> {
    let folders = ["HOME", "TMPDIR"].map(|name| (name.into(), own.into()));
    all.filter(|(name, _)| is_harmless(name)).chain(folders)
}

/// A variable that the compiler may know, beside those.
pub fn is_of_cargo(name: &str) -> bool {
    name == "CARGO" || name == "LD_LIBRARY_PATH" || OF_CARGO.iter().any(|kind| name.starts_with(kind))
}

fn is_harmless(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| KNOWN.contains(&name) || KINDS.iter().any(|kind| name.starts_with(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_comes_through() {
        let all = ["PATH", "LC_ALL", "AWS_SECRET_ACCESS_KEY", "HOME", "CARGO_REGISTRY_TOKEN", "LD_PRELOAD", "USER"];
        let all = all.into_iter().map(|name| (name.into(), "x".into()));
        let seen: Vec<_> = harmless(all, Path::new("/own")).map(|(name, _)| name).collect();
        assert_eq!(seen, ["PATH", "LC_ALL", "HOME", "TMPDIR"]);
        assert!(is_of_cargo("CARGO_PKG_NAME") && !is_of_cargo("CARGO_REGISTRY_TOKEN"));
    }
}
