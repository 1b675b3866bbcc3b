//! What follows a cell in its notebook.
//!
//! A server says in the kernel's environment which notebook it was started for. The file may be older than what the student
//! sees, be gone, or be another one's: what follows is a guess, and a wrong one costs nothing but time.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Next;
use crate::notebook::file::{FAILS, Notebook, has_tag, is_run, source};

/// Set by jupyter_server, and by what is made like it: the notebook's path.
const VARIABLE: &str = "JPY_SESSION_NAME";

/// Larger files are not read again and again.
const LARGEST: u64 = 20 << 20;

/// How far it is looked.
const MOST: usize = 8;

/// What a student is to put an answer in the place of: what is compiled of it, and behind it, is compiled in vain.
const STUBS: [&str; 2] = ["todo!(", "unimplemented!("];

/// The notebook that this kernel was started for.
pub fn notebook() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(VARIABLE)?);
    let here = std::env::current_dir().ok()?;
    // Where it is relative, it is so to the server's folder, and cells run in the notebook's.
    let candidates = [here.join(&path), here.join(path.file_name()?)];
    candidates.into_iter().find(|path| path.is_file())
}

/// The cells that follow the one of this name and code; at first, there is none. Nothing where it is not there: it is of
/// another notebook, or not saved yet.
pub fn following(notebook: &Path, cell: Option<&Next>) -> Option<Vec<Next>> {
    let cells = read(notebook)?;
    let from = match cell {
        None => 0,
        Some(cell) => {
            // A copied cell may have the id of the one that it was copied from.
            let is_it = |next: &&Next| next.id.is_some() && next.id == cell.id;
            let same = cells.iter().position(|next| is_it(&next) && next.code == cell.code);
            let by_name = || cells.iter().position(|next| is_it(&next));
            let by_code = || cells.iter().position(|next| next.code == cell.code);
            same.or_else(by_name).or_else(by_code)? + 1
        }
    };
    Some(known(cells.into_iter().skip(from)))
}

/// Of what follows, the part that is likely to be run as it is.
fn known(cells: impl Iterator<Item = Next>) -> Vec<Next> {
    cells.take_while(|next| !STUBS.iter().any(|stub| next.code.contains(stub))).take(MOST).collect()
}

fn read(path: &Path) -> Option<Vec<Next>> {
    if path.metadata().ok()?.len() > LARGEST {
        return None;
    }
    let notebook = Notebook::read(path).ok()?;
    let cells = notebook.cells().iter().filter(|cell| is_run(cell));
    let next =
        |cell: &Value| Next::new(cell["id"].as_str().map(str::to_owned), source(cell)).fails(has_tag(cell, FAILS));
    Some(cells.map(next).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn next(id: &str, code: &str) -> Next {
        Next::new((!id.is_empty()).then(|| id.to_owned()), code.to_owned())
    }

    fn follow(cells: &[(&str, &str)], cell: Option<Next>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.ipynb");
        let cells: Vec<_> = cells
            .iter()
            .map(|(id, code)| match *id {
                "" => json!({ "cell_type": "code", "source": code }),
                "text" => json!({ "cell_type": "markdown", "id": id, "source": code }),
                _ => json!({ "cell_type": "code", "id": id, "source": [code] }),
            })
            .collect();
        std::fs::write(&path, json!({ "nbformat": 4, "cells": cells }).to_string()).unwrap();
        following(&path, cell.as_ref()).into_iter().flatten().map(|next| next.code).collect()
    }

    #[test]
    fn what_follows_is_found_by_name_or_by_text() {
        let cells = [("a", "1"), ("text", "# 2"), ("b", "3"), ("c", "  "), ("d", "4")];
        assert_eq!(follow(&cells, None), ["1", "3", "4"]);
        assert_eq!(follow(&cells, Some(next("a", "1"))), ["3", "4"]);
        assert_eq!(follow(&cells, Some(next("a", "changed"))), ["3", "4"]);
        assert_eq!(follow(&cells, Some(next("new", "3"))), ["4"]);
        assert_eq!(follow(&cells, Some(next("new", "of another notebook"))), [""; 0]);
        // Without names, as in older formats; and copies with the name of their original.
        assert_eq!(follow(&[("", "1"), ("", "2"), ("", "3")], Some(next("", "2"))), ["3"]);
        assert_eq!(follow(&[("a", "1"), ("a", "2"), ("a", "3")], Some(next("a", "2"))), ["3"]);
        assert_eq!(follow(&cells, Some(next("d", "4"))), [""; 0]);
    }

    #[test]
    fn an_answer_is_waited_for() {
        let cells = [("a", "1"), ("b", "2"), ("c", "fn f() { todo!(\"here\") }"), ("d", "f()")];
        assert_eq!(follow(&cells, Some(next("a", "1"))), ["2"]);
        assert_eq!(follow(&cells, Some(next("c", "fn f() {}"))), ["f()"]);
        let many: Vec<(&str, &str)> = vec![("x", "1"); 30];
        assert_eq!(follow(&many, None).len(), MOST);
    }

    #[test]
    fn what_is_no_notebook_is_followed_by_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.ipynb");
        assert_eq!(following(&path, None), None);
        std::fs::write(&path, "{\"nbformat\": 4, \"cel").unwrap();
        assert_eq!(following(&path, None), None);
    }
}
