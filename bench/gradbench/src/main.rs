//! Reads messages and writes answers, until there are no more.

use std::io::{self, BufRead, Write};

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        writeln!(output, "{}", adlab_gradbench::answer(&line?))?;
        output.flush()?;
    }
    Ok(())
}
