//! What could stand at a place, and what is known of what stands there.

use ra_ap_hir::PrefixKind;
use ra_ap_ide::{
    CallableSnippets, CompletionConfig, CompletionFieldsToResolve, CompletionItem, CompletionItemKind, FilePosition,
    FileRange, HoverConfig, HoverDocFormat, RaFixtureConfig, SubstTyLen, SymbolKind, TextRange,
};
use ra_ap_ide_db::SnippetCap;
use ra_ap_ide_db::imports::insert_use::{ImportGranularity, InsertUseConfig};

use super::document::Document;
use super::world::World;

/// What could be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub code: String,
    /// In Jupyter's words.
    pub kind: &'static str,
    /// With parameters and the like.
    pub label: String,
}

/// What could be written instead of the cell's bytes from `start` to `end`.
#[derive(Debug, Clone, Default)]
pub struct Completions {
    pub completions: Vec<Completion>,
    pub start: usize,
    pub end: usize,
}

/// `position` is a byte of the cell.
pub fn completions(world: &World, document: &Document, position: usize) -> Option<Completions> {
    let offset = (document.place(position)? as u32).into();
    let at = FilePosition { file_id: world.cell, offset };
    let items = world.host.analysis().completions(&config(), at, None).ok()??;
    let mut found = Completions { completions: Vec::new(), start: position, end: position };
    for item in items {
        let range = item.source_range;
        let typed = &document.text[usize::from(range.start())..usize::from(range.end())];
        let Some(code) = insertion(&item).filter(|_| item.lookup().starts_with(typed)) else { continue };
        if item.label.primary.starts_with("adlab_cell") {
            continue;
        }
        found.start = document.origin(range.start().into())?;
        found.end = document.origin(range.end().into())?;
        found.completions.push(Completion { code, kind: kind(item.kind), label: item.label.primary.to_string() });
    }
    Some(found)
}

/// The text that takes the place of what was typed; nothing where more than that changes.
fn insertion(item: &CompletionItem) -> Option<String> {
    let mut edits = item.text_edit.iter();
    let edit = edits.next().filter(|edit| edit.delete == item.source_range)?;
    edits.next().is_none().then(|| without_placeholders(&edit.insert))
}

/// A snippet's `${1:name}` is `name`, and its `$0` is nothing.
fn without_placeholders(snippet: &str) -> String {
    let mut result = String::new();
    let mut rest = snippet;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(inner) = after.strip_prefix('{') {
            let end = inner.find('}').unwrap_or(inner.len());
            result.push_str(inner[..end].split_once(':').map_or("", |(_, name)| name));
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    result + rest
}

fn config() -> CompletionConfig<'static> {
    CompletionConfig {
        enable_postfix_completions: false,
        enable_imports_on_the_fly: false,
        enable_self_on_the_fly: true,
        enable_auto_iter: false,
        enable_auto_await: true,
        enable_private_editable: false,
        enable_term_search: false,
        term_search_fuel: 0,
        full_function_signatures: true,
        callable: Some(CallableSnippets::FillArguments),
        add_colons_to_module: true,
        add_semicolon_to_unit: false,
        snippet_cap: SnippetCap::new(true),
        insert_use: InsertUseConfig {
            granularity: ImportGranularity::Item,
            enforce_granularity: false,
            prefix_kind: PrefixKind::ByCrate,
            group: false,
            skip_glob_imports: false,
        },
        prefer_no_std: false,
        prefer_prelude: true,
        prefer_absolute: false,
        snippets: Vec::new(),
        limit: None,
        fields_to_resolve: CompletionFieldsToResolve::empty(),
        exclude_flyimport: Vec::new(),
        exclude_traits: &[],
        ra_fixture: RaFixtureConfig::default(),
    }
}

fn kind(kind: CompletionItemKind) -> &'static str {
    use CompletionItemKind as Kind;
    match kind {
        Kind::SymbolKind(SymbolKind::Function | SymbolKind::Method | SymbolKind::Macro | SymbolKind::ProcMacro) => {
            "function"
        }
        Kind::SymbolKind(
            SymbolKind::Struct
            | SymbolKind::Enum
            | SymbolKind::Union
            | SymbolKind::Trait
            | SymbolKind::TypeAlias
            | SymbolKind::TypeParam
            | SymbolKind::SelfType,
        ) => "class",
        Kind::SymbolKind(SymbolKind::Module | SymbolKind::CrateRoot | SymbolKind::ToolModule) => "module",
        Kind::Keyword => "keyword",
        _ => "instance",
    }
}

/// The documentation of what stands at a byte of the cell: as plain text, and as Markdown.
pub fn documentation(world: &World, document: &Document, position: usize) -> Option<(String, String)> {
    let offset = (document.place(position)? as u32).into();
    let range = FileRange { file_id: world.cell, range: TextRange::empty(offset) };
    let analysis = world.host.analysis();
    let hover = |format| {
        let config = HoverConfig {
            links_in_hover: false,
            memory_layout: None,
            documentation: true,
            keywords: true,
            format,
            max_trait_assoc_items_count: None,
            max_fields_count: Some(5),
            max_enum_variants_count: Some(5),
            max_subst_ty_len: SubstTyLen::Unlimited,
            show_drop_glue: false,
            ra_fixture: RaFixtureConfig::default(),
        };
        Some(analysis.hover(&config, range).ok()??.info.markup.to_string())
    };
    Some((hover(HoverDocFormat::PlainText)?, hover(HoverDocFormat::Markdown)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_names() {
        assert_eq!(without_placeholders("powf(${1:n})$0"), "powf(n)");
        assert_eq!(without_placeholders("sin()$0"), "sin()");
        assert_eq!(without_placeholders("f(${1:a}, ${2:b})"), "f(a, b)");
        assert_eq!(without_placeholders("cost $"), "cost ");
    }
}
