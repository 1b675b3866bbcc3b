//! One more line for beginners: what an error means in a notebook, and what to do.

use evcxr::CompilationError;

use crate::assumptions::BORROWS;
use crate::scope::definitions::Definitions;
use crate::scope::variables::{Gone, Variables};

/// The error's message, in plain words where evcxr's own are of no help to a beginner.
pub fn message(error: &CompilationError) -> String {
    let message = error.message();
    if message.contains(BORROWS) {
        let name = quoted(&message);
        return format!(
            "the variable `{name}` borrows from another one, and a reference can't be kept for later cells"
        );
    }
    message
}

/// Advice on the errors that beginners meet most.
pub fn hint(error: &CompilationError, variables: &Variables, definitions: &Definitions) -> Option<String> {
    let message = error.message();
    let former = definitions.former(quoted(&message)).filter(|_| error.code() == Some("E0425"));
    former.map(str::to_owned).or_else(|| advice(error.code(), &message, variables))
}

fn advice(code: Option<&str>, message: &str, variables: &Variables) -> Option<String> {
    let name = quoted(message);
    match code {
        _ if message.contains(BORROWS) => Some(
            "keep a value of its own, with `.clone()`, `.to_vec()`, `.collect::<Vec<_>>()` or `*`; or put the lines that \
             use it in braces { … }"
                .into(),
        ),
        _ if message.starts_with("expected `;`") => {
            Some("each statement ends with `;`; only a cell's last expression has none, and is shown".into())
        }
        Some("E0382" | "E0505") => Some(format!(
            "`{name}` would be gone for later cells too; hand over `&{name}` or `{name}.clone()` and keep it"
        )),
        Some("E0425") => Some(match variables.gone(name) {
            Some(Gone::Changed(number)) => {
                format!("what the type of `{name}` is made of has changed; run cell [{number}] again")
            }
            Some(Gone::Moved(number)) => format!(
                "cell [{number}] moved `{name}` away: write `&{name}` or `{name}.clone()` there, and run the cell that makes \
                 `{name}` again"
            ),
            None => format!("no cell that has run defines `{name}`; run the one that does, if there is one"),
        }),
        Some("E0282" | "E0283" | "E0284") => {
            Some("a variable's type must be known in its own cell; write it: `let name: Vec<f64> = …;`".into())
        }
        Some("E0384" | "E0594" | "E0596") if variables.is_known(name) => {
            Some(format!("`{name}` is from an earlier cell: make it `let mut {name}` there, and run that cell again"))
        }
        Some("E0432" | "E0433") if message.contains("crate") || message.starts_with("unresolved import") => {
            Some("a crate that is not there yet is added by a line `:dep name = \"version\"`".into())
        }
        _ => None,
    }
}

/// The first name in a message.
fn quoted(message: &str) -> &str {
    message.split('`').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_errors_have_advice() {
        let mut variables = Variables::default();
        variables.update(["s", "n", "t"].into_iter(), &[], 1);
        variables.update(["n", "t"].into_iter(), &[], 7);
        variables.change(&["t".to_owned()].into());
        for (code, message, expected) in [
            (Some("E0425"), "cannot find value `s` in this scope", "cell [7] moved `s` away"),
            (Some("E0425"), "cannot find function `foo` in this scope", "no cell that has run defines `foo`"),
            (Some("E0425"), "cannot find value `t` in this scope", "run cell [1] again"),
            (Some("E0382"), "borrow of moved value: `s`", "`s.clone()`"),
            (Some("E0384"), "cannot assign twice to immutable variable `n`", "make it `let mut n` there"),
            (Some("E0282"), "type annotations needed for `Vec<_>`", "let name: Vec<f64>"),
            (None, "expected `;`, found `let`", "ends with `;`"),
            (None, "The variable `r` contains a reference with a non-static lifetime so", ".to_vec()"),
            (Some("E0432"), "unresolved import `rand`", ":dep"),
        ] {
            let hint = advice(code, message, &variables).unwrap_or_default();
            assert!(hint.contains(expected), "{message}: {hint}");
        }
        assert_eq!(advice(Some("E0384"), "cannot assign twice to immutable variable `other`", &variables), None);
        assert_eq!(advice(Some("E0308"), "mismatched types", &variables), None);
    }
}
