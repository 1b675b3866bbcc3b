//! Reads what was handed in, and puts right what editors and front ends have done to it.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::notebook::file::Notebook;

/// More than that is no notebook of a student's.
const LARGEST: u64 = 100 << 20;

/// What was handed in, as it can be marked.
pub struct Submission {
    pub notebook: Notebook,
    /// What was put right, for people.
    pub repairs: Vec<String>,
    /// What was read.
    pub bytes: Vec<u8>,
}

impl Submission {
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let about = fs::symlink_metadata(path).with_context(|| format!("cannot read {name}"))?;
        if about.is_symlink() {
            bail!("{name} is a link, and may lead to somebody else's file");
        }
        if about.is_dir() {
            bail!("{name} is a folder without a notebook");
        }
        if !about.is_file() {
            bail!("{name} is no file");
        }
        if about.len() > LARGEST {
            bail!("{name} has {} MB, and at most {} MB are read", about.len() >> 20, LARGEST >> 20);
        }
        let bytes = fs::read(path).with_context(|| format!("cannot read {name}"))?;
        let mut repairs = Vec::new();
        let text = decode(&bytes, &mut repairs).with_context(|| format!("cannot read {name}"))?;
        let mut notebook = Notebook::parse(path, &text)?;
        mend_metadata(&mut notebook, &mut repairs);
        mend_cells(notebook.cells_mut(), &mut repairs);
        Ok(Submission { notebook, repairs, bytes })
    }
}

/// As text: also what an editor of Windows has saved.
fn decode(bytes: &[u8], repairs: &mut Vec<String>) -> Result<String> {
    let wide = |from: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = from.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).context("it is no text in UTF-16")
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => {
            repairs.push("it was in UTF-16".into());
            wide(rest, u16::from_le_bytes)?
        }
        [0xfe, 0xff, rest @ ..] => {
            repairs.push("it was in UTF-16".into());
            wide(rest, u16::from_be_bytes)?
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            repairs.push("it began with a byte-order mark".into());
            plain(rest, repairs)
        }
        _ => plain(bytes, repairs),
    };
    Ok(text)
}

/// Of a text with letters in some other encoding, the rest is read.
fn plain(bytes: &[u8], repairs: &mut Vec<String>) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| {
        repairs.push("some of its letters were not in UTF-8, and are � now".into());
        String::from_utf8_lossy(bytes).into_owned()
    })
}

/// nbgrader and Jupyter look the kernel up there.
fn mend_metadata(notebook: &mut Notebook, repairs: &mut Vec<String>) {
    let metadata = notebook.metadata_mut();
    if !metadata.is_object() {
        *metadata = json!({});
    }
    let right = json!({ "display_name": "Rust (adlab)", "language": "rust", "name": "adlab" });
    let kernel = &metadata["kernelspec"];
    if kernel["language"] != right["language"] || kernel["name"] != right["name"] {
        let was = kernel["display_name"].as_str().or(kernel["name"].as_str()).map(str::to_owned);
        repairs.push(match was {
            Some(was) => format!("its kernel was {was:?}"),
            None => "it named no kernel".into(),
        });
        metadata["kernelspec"] = right;
    }
    if metadata["language_info"]["name"].as_str().is_some_and(|name| !name.eq_ignore_ascii_case("rust")) {
        metadata["language_info"] = json!({ "name": "rust" });
    }
}

fn mend_cells(cells: &mut Vec<Value>, repairs: &mut Vec<String>) {
    let before = cells.len();
    cells.retain(Value::is_object);
    if cells.len() < before {
        repairs.push(format!("{} of its cells were no cells", before - cells.len()));
    }
    let (mut ids, mut new_ids) = (HashSet::new(), 0);
    for (place, cell) in cells.iter_mut().enumerate() {
        if !["code", "markdown", "raw"].iter().any(|kind| cell["cell_type"] == *kind) {
            repairs.push(format!("cell {} was of no known kind, and is text now", place + 1));
            cell["cell_type"] = "markdown".into();
        }
        if !cell["metadata"].is_object() {
            cell["metadata"] = json!({});
        }
        if !(cell["source"].is_string() || cell["source"].is_array()) {
            cell["source"] = "".into();
        }
        if cell["cell_type"] == "code" {
            if !cell["outputs"].is_array() {
                cell["outputs"] = json!([]);
            }
        } else if let Some(cell) = cell.as_object_mut() {
            cell.remove("outputs");
            cell.remove("execution_count");
        }
        let id = cell["id"].as_str().unwrap_or_default().to_owned();
        if !is_id(&id) || !ids.insert(id) {
            new_ids += 1;
            let new = (1..).map(|n| format!("cell-{}-{n}", place + 1)).find(|id| ids.insert(id.clone()));
            cell["id"] = new.into();
        }
    }
    if new_ids > 0 {
        repairs.push(format!("{new_ids} cells had no id, or that of another"));
    }
}

/// What notebook format 4.5 takes for one.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Submission> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n.ipynb");
        fs::write(&path, bytes).unwrap();
        Submission::read(&path)
    }

    const PLAIN: &str = r#"{"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": {"name": "python3", "language": "python"}},
        "cells": [{"cell_type": "code", "source": "1", "id": "a"}, {"cell_type": "markdown", "id": "a", "source": ["x"],
        "outputs": [], "metadata": {}}, 3]}"#;

    #[test]
    fn what_front_ends_have_done_is_put_right() {
        let read = read(PLAIN.as_bytes()).unwrap();
        assert_eq!(read.notebook.cells().len(), 2);
        assert_eq!(read.notebook.cells()[0]["outputs"], json!([]));
        assert_eq!(read.notebook.cells()[1]["id"], "cell-2-1");
        assert!(read.notebook.cells()[1].get("outputs").is_none());
        assert_eq!(
            read.repairs,
            ["its kernel was \"python3\"", "1 of its cells were no cells", "1 cells had no id, or that of another"]
        );
    }

    #[test]
    fn other_encodings_are_read() {
        let sound =
            r#"{"nbformat": 4, "metadata": {"kernelspec": {"name": "adlab", "language": "rust"}}, "cells": []}"#;
        let with_mark = [b"\xef\xbb\xbf", sound.as_bytes()].concat();
        assert_eq!(read(&with_mark).unwrap().repairs, ["it began with a byte-order mark"]);
        let units = sound.encode_utf16();
        let little: Vec<u8> = units.clone().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units.flat_map(u16::to_be_bytes).collect();
        for bytes in [[&[0xff, 0xfe], little.as_slice()].concat(), [&[0xfe, 0xff], big.as_slice()].concat()] {
            assert_eq!(read(&bytes).unwrap().repairs, ["it was in UTF-16"]);
        }
        assert!(read(sound.as_bytes()).unwrap().repairs.is_empty());
        let latin = [sound.trim_end_matches('}').as_bytes(), b", \"author\": \"Zo\xeb\"}"].concat();
        assert_eq!(read(&latin).unwrap().repairs, ["some of its letters were not in UTF-8, and are � now"]);
        for bytes in [b"\xff\x00".as_slice(), b"", b"print(1)", b"{}", b"[]", b"{\"nbformat\": 3, \"cells\": []}"] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
