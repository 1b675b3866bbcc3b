//! The entry of a cell in its library.
//!
//! A library may have several, of cells that were compiled in one go: each cell has a copy, at whose end stands the name of its
//! own, where no loader looks.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::assumptions::ONE_FUNCTION;

/// How many digits the key of a cell has.
const DIGITS: usize = 16;

/// The name of the entry of the cell with this key.
pub fn name(key: &str) -> String {
    debug_assert_eq!(key.len(), DIGITS);
    format!("{ONE_FUNCTION}_{key}")
}

/// The entry that is meant in a library.
pub fn of(library: &Path) -> String {
    named(library).unwrap_or_else(|| ONE_FUNCTION.to_owned())
}

fn named(library: &Path) -> Option<String> {
    let mut end = vec![0; ONE_FUNCTION.len() + 1 + DIGITS];
    let mut file = File::open(library).ok()?;
    file.seek(SeekFrom::End(-(end.len() as i64))).ok()?;
    file.read_exact(&mut end).ok()?;
    String::from_utf8(end).ok().filter(|name| name.starts_with(&format!("{ONE_FUNCTION}_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stands_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("lib.so");
        let mut bytes = vec![0xff; 100];
        std::fs::write(&library, &bytes).unwrap();
        assert_eq!((of(&library), of(Path::new("/none"))), (ONE_FUNCTION.to_owned(), ONE_FUNCTION.to_owned()));
        bytes.extend(name("0123456789abcdef").bytes());
        std::fs::write(&library, &bytes).unwrap();
        assert_eq!(of(&library), "run_user_code_0123456789abcdef");
        std::fs::write(&library, "short").unwrap();
        assert_eq!(of(&library), ONE_FUNCTION);
    }
}
