//! rustc's errors, on the student's own lines.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use evcxr::CompilationError;

use super::hints;
use crate::cell::Cell;
use crate::cell::annotated::Annotated;
use crate::fault::Fault;
use crate::scope::Scope;
use crate::scope::definitions::Definitions;
use crate::scope::sources::CellSource;

/// What is known of the cell and of what came before it.
pub struct Context<'a> {
    pub source: &'a CellSource,
    pub cell: &'a Cell,
    pub annotated: &'a Annotated,
    pub scope: &'a Scope,
}

/// All errors of a cell as one.
pub fn fault(errors: &[CompilationError], context: &Context) -> Fault {
    let relevant = relevant(errors);
    if relevant.iter().any(|error| error.code() == Some("E0005"))
        && let Some(fault) = taken_name(context.cell, &context.scope.definitions)
    {
        return fault;
    }
    if !relevant.is_empty() {
        return compile_error(&relevant, context);
    }
    match errors.iter().find_map(removed_name) {
        Some(name) => no_longer_defined(&name, context),
        None => not_kept(context.cell, &context.scope.definitions),
    }
}

/// Of a name that a cell has removed, rustc says that an item was configured out (see `definitions`), and evcxr drops the
/// rest where the name stands in a last expression.
fn removed_name(error: &CompilationError) -> Option<String> {
    if !error.message().contains("configured out") {
        return None;
    }
    let span = error.json["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
    let text: Vec<char> = span["text"][0]["text"].as_str()?.chars().collect();
    let column = |name: &str| Some(span[name].as_u64()? as usize - 1);
    Some(text.get(column("column_start")?..column("column_end")?)?.iter().collect())
}

fn no_longer_defined(name: &str, context: &Context) -> Fault {
    let source = context.source;
    let message = format!("cannot find `{name}` in this scope");
    let mut group = Group::with_title(Level::ERROR.primary_title(message.as_str()));
    if let Some(at) = context.cell.word(name) {
        let label = AnnotationKind::Primary.span(at..at + name.len()).label("no longer defined");
        group = group.element(Snippet::source(source.code.as_str()).path(source.title()).annotation(label));
    }
    if let Some(fate) = context.scope.definitions.former(name) {
        group = group.element(Level::HELP.message(fate));
    }
    let text = Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group]);
    Fault { ename: "CompileError", evalue: message, traceback: text.lines().map(str::to_owned).collect() }
}

/// The errors that say something. When a type can't be inferred, evcxr checks code in which variables are parameters, and
/// rustc then complains of every `&str` among them.
fn relevant(errors: &[CompilationError]) -> Vec<&CompilationError> {
    let outside = |e: &CompilationError| e.spanned_messages().iter().all(|message| message.span.is_none());
    let artefact = |e: &CompilationError| e.code() == Some("E0521") && outside(e);
    errors.iter().filter(|e| e.level() == "error" && !artefact(e)).collect()
}

/// A pattern that is the name of a constant is no new variable.
fn taken_name(cell: &Cell, definitions: &Definitions) -> Option<Fault> {
    let (name, number) = cell.variables.iter().find_map(|name| Some((name, definitions.cell_of(name)?)))?;
    Some(Fault::new(
        "CompileError",
        &format!("`{name}` can't be a variable, because cell [{number}] defines it as something else"),
        &[format!("Choose another name, or take `{name}` out of cell [{number}] and run that again.")],
    ))
}

/// A variable outlives its cell, so its type must have a name.
pub fn not_kept(cell: &Cell, definitions: &Definitions) -> Fault {
    if let Some(fault) = taken_name(cell, definitions) {
        return fault;
    }
    let braces = "Or put the cell's lines in braces { … }: then the variable is for this cell alone.";
    match cell.closures().first() {
        Some(name) => Fault::new(
            "CompileError",
            &format!("the variable `{name}` is a closure, and a closure can't be kept for later cells"),
            &[
                format!(
                    "Make it a function: fn {name}(…). Or box it: let {name}: Box<dyn Fn(f64) -> f64> = Box::new(|x| …);"
                ),
                braces.into(),
            ],
        ),
        None => Fault::new(
            "CompileError",
            "the type of a variable can't be inferred",
            &["Give it a type: let name: Type = …;".into()],
        ),
    }
}

/// An iterator's type has no name either.
pub fn nameless(message: &str) -> Fault {
    let name = message.split('`').nth(1).unwrap_or_default();
    Fault::new(
        "CompileError",
        &format!(
            "the variable `{name}` can't be kept for later cells: its type has no name (an iterator, or a closure)"
        ),
        &[
            "Of an iterator, .collect::<Vec<_>>() makes a vector, which can.".into(),
            "Or put the cell's lines in braces { … }: then the variable is for this cell alone.".into(),
        ],
    )
}

fn compile_error(errors: &[&CompilationError], context: &Context) -> Fault {
    let evalue = match errors {
        [] => String::new(),
        [one] => hints::message(one),
        [first, ..] => format!("{} (and {} more)", hints::message(first), errors.len() - 1),
    };
    let mut traceback: Vec<String> = Vec::new();
    let mut hints: Vec<String> = Vec::new();
    for error in errors {
        let mut hint = hints::hint(error, &context.scope.variables, &context.scope.definitions);
        // The same advice twice is no better.
        hint.take_if(|hint| hints.contains(hint));
        hints.extend(hint.clone());
        traceback.extend(render(error, hint, context).lines().map(str::to_owned));
        traceback.push(String::new());
    }
    traceback.pop();
    Fault { ename: "CompileError", evalue: evalue.lines().next().unwrap_or_default().to_owned(), traceback }
}

/// One of rustc's errors, on the student's own lines.
fn render(error: &CompilationError, hint: Option<String>, context: &Context) -> String {
    let (source, annotated) = (context.source, context.annotated);
    let message = hints::message(error);
    let mut title = Level::ERROR.primary_title(message.as_str());
    if let Some(code) = error.code() {
        title = title.id(code);
    }
    let annotations: Vec<_> = error
        .spanned_messages()
        .iter()
        .filter_map(|spanned| {
            let span = spanned.span?;
            let byte = |line, column| source.byte(line, annotated.original_column(line, column));
            let range = byte(span.start_line, span.start_column)..byte(span.end_line, span.end_column);
            let kind = if spanned.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(range.start..range.end.max(range.start));
            // evcxr repeats the message where rustc has no label.
            Some(if spanned.label.is_empty() || spanned.label.ends_with(&message) {
                annotation
            } else {
                annotation.label(spanned.label.as_str())
            })
        })
        .collect();
    let mut group: Group = if annotations.is_empty() {
        Group::with_title(title)
    } else {
        let snippet = Snippet::source(source.code.as_str()).path(source.title());
        title.element(snippet.annotations(annotations))
    };
    for note in notes(error) {
        group = group.element(note);
    }
    if let Some(hint) = hint {
        group = group.element(Level::NOTE.with_name("in a notebook").message(hint));
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

/// rustc's notes and helps that speak of the student's code, and evcxr's.
fn notes(error: &CompilationError) -> Vec<annotate_snippets::Message<'static>> {
    let mut notes: Vec<_> = error.help().iter().map(|text| Level::HELP.message(help(text))).collect();
    let children = error.json["children"].as_array().into_iter().flatten();
    notes.extend(
        children
            .filter(|child| child["level"] == "note" && child["spans"].as_array().is_none_or(Vec::is_empty))
            .filter_map(|child| child["message"].as_str())
            .filter(|text| !text.contains("on by default") && !text.contains("full name for the type"))
            .map(|text| Level::NOTE.message(text.to_owned())),
    );
    notes.extend(error.evcxr_extra_hint().map(|hint| Level::HELP.message(hint)));
    notes
}

/// A help as evcxr gives it has what is to be written two lines below.
fn help(text: &str) -> String {
    match text.split_once("\n\n") {
        Some((message, code)) => {
            let code = code.trim();
            let worth_it = code.contains(char::is_alphanumeric) && !code.contains("/*") && !message.contains(code);
            if worth_it { format!("{message}: `{code}`") } else { message.to_owned() }
        }
        None => text.to_owned(),
    }
}
