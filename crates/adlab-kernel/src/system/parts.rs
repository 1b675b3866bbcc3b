//! The list of an installation's parts, by which one that is missing, damaged or of another version is found out.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// It stands among the parts. A checkout has none.
const LIST: &str = "parts";

/// What makes an installation, or makes it whole.
pub const AGAIN: &str = "its wheel: pip install --force-reinstall FILE; from a checkout: adlab install --into PREFIX";

/// Its first line: the program and its parts come together.
const VERSION: &str = concat!("adlab ", env!("CARGO_PKG_VERSION"));

pub fn has_list(root: &Path) -> bool {
    root.join(LIST).is_file()
}

/// Lists all files that are in the folder.
pub fn write_list(root: &Path) -> Result<()> {
    let mut lines = vec![VERSION.to_owned()];
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(root.join(&folder))?.collect::<std::io::Result<_>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path != Path::new(LIST) {
                lines.push(format!("{} {}", sum(&root.join(&path))?, path.display()));
            }
        }
    }
    fs::write(root.join(LIST), lines.join("\n") + "\n").context("cannot write the list of parts")
}

/// Fails, and names the first part that is not as it was listed.
pub fn check(root: &Path) -> Result<()> {
    let list =
        fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read the list of {}", root.display()))?;
    let mut lines = list.lines();
    let version = lines.next().unwrap_or_default();
    if version != VERSION {
        bail!("{} belongs to {version:?}, and this program is {VERSION}; install it again ({AGAIN})", root.display());
    }
    let damaged = || format!("{} is damaged; install adlab again ({AGAIN})", root.join(LIST).display());
    let parts: Option<Vec<(&str, &str)>> = lines.map(|line| line.split_once(' ')).collect();
    for (expected, name) in parts.filter(|_| list.ends_with('\n')).with_context(damaged)? {
        let path = root.join(name);
        let trouble = match sum(&path) {
            Ok(sum) if sum == expected => continue,
            Ok(_) => "is damaged, or was changed".to_owned(),
            Err(error) => format!("can't be read ({error})"),
        };
        bail!("{} {trouble}; install adlab again ({AGAIN})", path.display());
    }
    Ok(())
}

fn sum(path: &Path) -> std::io::Result<String> {
    let mut hasher = DefaultHasher::new();
    fs::read(path)?.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_damaged_or_of_another_version_is_named() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        fs::create_dir_all(at("deep/er")).unwrap();
        fs::write(at("deep/er/a b"), "text").unwrap();
        fs::write(at("first"), "").unwrap();
        write_list(base.path()).unwrap();
        check(base.path()).unwrap();
        let list = fs::read_to_string(at(LIST)).unwrap();
        let said = || check(base.path()).unwrap_err().to_string();
        fs::write(at("deep/er/a b"), "test").unwrap();
        assert!(said().contains("deep/er/a b is damaged"), "{}", said());
        fs::write(at("deep/er/a b"), "text").unwrap();
        fs::remove_file(at("first")).unwrap();
        assert!(said().contains("first can't be read"), "{}", said());
        fs::write(at("first"), "").unwrap();
        for (damaged, word) in [
            (list.replacen("adlab ", "adlab 9", 1), "adlab 9"),
            (list[..list.len() - 3].to_owned(), "parts is damaged"),
            (String::new(), "belongs to"),
        ] {
            fs::write(at(LIST), damaged).unwrap();
            assert!(said().contains(word), "{}", said());
        }
    }
}
