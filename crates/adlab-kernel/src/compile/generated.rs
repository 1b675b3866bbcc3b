//! The source of a cell as evcxr has written it, simplified line for line, and read once.

use ra_ap_syntax::{Edition, SourceFile};

/// What is known of a source.
pub struct Generated {
    pub text: String,
    pub file: SourceFile,
    /// It is Rust from the beginning to the end.
    pub is_whole: bool,
}

impl Generated {
    pub fn read(text: String) -> Self {
        let parsed = SourceFile::parse(&text, Edition::Edition2024);
        Generated { file: parsed.tree(), is_whole: parsed.errors().is_empty(), text }
    }
}
