//! Replies that need no engine.

use std::sync::LazyLock;

use jupyter_protocol::messaging::{
    ClearOutput, CodeMirrorMode, DisplayData, HelpLink, IsCompleteReply, KernelInfoReply, LanguageInfo, StreamContent,
    Transient, UpdateDisplayData,
};
use jupyter_protocol::{JupyterMessageContent, Media, ReplyError, ReplyStatus};
use serde_json::{Map, Value};

use crate::cell::completeness::{Completeness, completeness};
use crate::event::{Bundle, Event, Stream, Widget};
use crate::fault::Fault;
use crate::notebook::outputs;
use crate::system::toolchain;

/// What kernel and language this is.
pub fn kernel_info() -> KernelInfoReply {
    // Asking rustc takes a moment, and several front ends ask at once.
    static RUST: LazyLock<String> = LazyLock::new(|| {
        let line = toolchain::output("rustc", &["--version"]).unwrap_or_default();
        line.split(' ').nth(1).unwrap_or("unknown").to_owned()
    });
    let version = env!("CARGO_PKG_VERSION");
    KernelInfoReply {
        status: ReplyStatus::Ok,
        protocol_version: "5.4".into(),
        implementation: "adlab".into(),
        implementation_version: version.into(),
        language_info: LanguageInfo {
            name: "rust".into(),
            version: RUST.clone(),
            mimetype: Some("text/x-rustsrc".into()),
            file_extension: Some(".rs".into()),
            pygments_lexer: Some("rust".into()),
            codemirror_mode: Some(CodeMirrorMode::Simple("rust".into())),
            nbconvert_exporter: Some("script".into()),
        },
        banner: format!("adlab {version}: Rust {} with automatic differentiation", *RUST),
        help_links: vec![HelpLink { text: "The Rust book".into(), url: "https://doc.rust-lang.org/book/".into() }],
        debugger: false,
        error: None,
    }
}

pub fn is_complete(code: &str) -> IsCompleteReply {
    match completeness(code) {
        Completeness::Complete => IsCompleteReply::complete(),
        Completeness::Incomplete { indent } => IsCompleteReply::incomplete(indent),
        Completeness::Invalid => IsCompleteReply::invalid(),
    }
}

pub fn error(fault: &Fault) -> Box<ReplyError> {
    Box::new(ReplyError { ename: fault.ename.into(), evalue: fault.evalue.clone(), traceback: fault.traceback.clone() })
}

pub fn media(bundle: &Bundle) -> Media {
    serde_json::from_value(Value::Object(outputs::data(bundle, false))).unwrap_or_default()
}

/// What is shown, as a message; a question has a way of its own.
pub fn event_content(event: Event) -> Option<JupyterMessageContent> {
    Some(match event {
        Event::Text(Stream::Stdout, text) => StreamContent::stdout(&text).into(),
        Event::Text(Stream::Stderr, text) => StreamContent::stderr(&text).into(),
        Event::Display(bundle, id) => DisplayData {
            transient: id.map(|id| Transient { display_id: Some(id) }),
            ..DisplayData::new(media(&bundle))
        }
        .into(),
        Event::Update(bundle, id) => UpdateDisplayData::new(media(&bundle), &id).into(),
        Event::Clear { wait } => ClearOutput { wait }.into(),
        // Where nothing moves, a word on what would.
        Event::Widget(Widget::End(words)) => DisplayData::new(media(&vec![("text/plain".into(), words)])).into(),
        Event::Widget(Widget::Begin(_)) | Event::Input(_) => return None,
    })
}

/// Jupyter counts characters, Rust bytes.
pub fn byte_offset(code: &str, characters: usize) -> usize {
    code.char_indices().nth(characters).map_or(code.len(), |(i, _)| i)
}

pub fn character_offset(code: &str, byte: usize) -> usize {
    code.char_indices().take_while(|(i, _)| *i < byte).count()
}

/// What kind of thing each completion is; JupyterLab shows it beside the name.
pub fn completion_types<'a>(
    matches: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    start: usize,
    end: usize,
) -> Map<String, Value> {
    let types: Vec<Value> = matches
        .map(|(code, kind, label)| {
            serde_json::json!({ "text": code, "type": kind, "start": start, "end": end, "signature": label })
        })
        .collect();
    let mut metadata = Map::new();
    metadata.insert("_jupyter_types_experimental".into(), types.into());
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_characters() {
        let code = "aε∂😀b";
        for (characters, byte) in [(0, 0), (1, 1), (2, 3), (3, 6), (4, 10), (5, 11), (9, 11)] {
            assert_eq!(byte_offset(code, characters), byte);
            assert_eq!(character_offset(code, byte), characters.min(5));
        }
    }
}
