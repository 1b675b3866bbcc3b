//! Links lead somewhere, and from each lesson to all others.

use pulldown_cmark::{Event, Parser, Tag};

use super::cells::cells;
use crate::notebook::file::{self, Notebook};

pub fn faults(notebook: &Notebook, others: &[String]) -> Vec<String> {
    let folder = notebook.path.parent().unwrap_or(std::path::Path::new(""));
    let (mut faults, mut seen) = (Vec::new(), Vec::new());
    for (name, cell) in cells(notebook, "markdown") {
        for target in targets(&file::source(cell)) {
            // What is elsewhere can't be looked at without a network.
            if target.contains("://")
                || target.starts_with(['#', '/'])
                || target.starts_with("attachment:")
                || target.starts_with("mailto:")
            {
                continue;
            }
            let path = target.split(['#', '?']).next().unwrap_or_default();
            if !folder.join(path).is_file() {
                faults.push(format!("{name}: its link {target} leads to no file"));
            }
            seen.push(path.to_owned());
        }
    }
    let missing = others.iter().filter(|other| **other != notebook.name() && !seen.contains(other));
    faults.extend(missing.map(|other| format!("no link of it leads to {other}")));
    faults
}

fn targets(text: &str) -> Vec<String> {
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    };
    Parser::new(text).filter_map(target).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cells::notebook;
    use super::*;

    #[test]
    fn links_lead_to_files_and_to_the_other_lessons() {
        let found = |text: &str| {
            let mut notebook =
                notebook(json!([{ "cell_type": "markdown", "id": "a", "metadata": {}, "source": text }]));
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            notebook.path = folder.join("n.ipynb");
            faults(&notebook, &["n.ipynb".into(), "Cargo.toml".into()]).join("; ")
        };
        assert_eq!(found("[a](Cargo.toml) [b](https://example.org) `[c](nothing)`"), "");
        assert_eq!(found("[a](Cargo.toml#there) ![b](nothing.png)"), "a: its link nothing.png leads to no file");
        assert_eq!(found("Cargo.toml"), "no link of it leads to Cargo.toml");
    }
}
