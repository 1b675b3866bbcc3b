//! What notebooks are called where several have the same name.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

/// A name for each: that of its file, or, where two have the same, with as many of its folders as it takes.
pub fn apart(files: &[&Path]) -> Vec<PathBuf> {
    let paths: Vec<PathBuf> =
        files.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf())).collect();
    let last = |path: &Path, parts: usize| -> PathBuf {
        let all: Vec<_> = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        all[all.len().saturating_sub(parts)..].iter().collect()
    };
    let deepest = paths.iter().map(|path| path.components().count()).max().unwrap_or(1);
    let differ =
        |parts: &usize| paths.iter().map(|path| last(path, *parts)).collect::<HashSet<_>>().len() == paths.len();
    let parts = (1..=deepest).find(differ).unwrap_or(1);
    paths.iter().map(|path| last(path, parts)).collect()
}

/// Whose a notebook is: the folder that tells it from others, as `ann` in `ann/lesson-1/1.ipynb`, or else its file's name.
pub fn owner(name: &Path) -> String {
    let parts: Vec<_> = name.components().collect();
    let own = if parts.len() > 1 { PathBuf::from(parts[0].as_os_str()) } else { name.with_extension("") };
    own.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_long_as_it_takes() {
        let apart = |paths: &[&str]| {
            let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
            apart(&paths).into_iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(apart(&["/x/a.ipynb", "/y/b.ipynb"]), ["a.ipynb", "b.ipynb"]);
        assert_eq!(apart(&["/in/ann/1/n.ipynb", "/in/bo/1/n.ipynb"]), ["ann/1/n.ipynb", "bo/1/n.ipynb"]);
        assert_eq!(owner(Path::new("ann/1/n.ipynb")), "ann");
        assert_eq!(owner(Path::new("n.a.ipynb")), "n.a");
    }
}
