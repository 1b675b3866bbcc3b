//! Variables that can't be kept for later cells.

use crate::cell::Cell;
use crate::fault::Fault;
use crate::scope::definitions::Definitions;

const IN_BRACES: &str = "Or put the cell's lines in braces { … }: then the variable is for this cell alone.";

/// A pattern that is the name of a constant is no new variable.
pub fn taken_name(cell: &Cell, definitions: &Definitions) -> Option<Fault> {
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
    match cell.closures().first() {
        Some(name) => Fault::new(
            "CompileError",
            &format!("the variable `{name}` is a closure, and a closure can't be kept for later cells"),
            &[
                format!(
                    "Make it a function: fn {name}(…). Or box it: let {name}: Box<dyn Fn(f64) -> f64> = Box::new(|x| …);"
                ),
                IN_BRACES.into(),
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
        &["Of an iterator, .collect::<Vec<_>>() makes a vector, which can.".into(), IN_BRACES.into()],
    )
}
