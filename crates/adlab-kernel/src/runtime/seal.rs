//! What cells that are marked may not do.
//!
//! In safe Rust a process can open its own memory as a file, `/proc/self/mem`, and write over what its kernel goes by. Where
//! marks depend on it, nothing below `/proc` can be opened for writing, by the cells or by what they start. All other folders
//! that there are when the session starts are as they were.

#[cfg(target_os = "linux")]
pub use linux::apply;

/// Other systems have no such files.
#[cfg(not(target_os = "linux"))]
pub fn apply() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::PathBuf;

    use landlock::{AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError};

    /// Where the system can't (Linux before 5.13), all stays as it is.
    pub fn apply() {
        if let Err(error) = apply_or_fail() {
            eprintln!("adlab runtime: cells may write into processes: {error}");
        }
    }

    fn apply_or_fail() -> Result<(), RulesetError> {
        let writing: BitFlags<AccessFs> = AccessFs::WriteFile.into();
        let mut rules = Ruleset::default().handle_access(writing)?.create()?;
        for place in writable() {
            // What can't be opened can't be written to.
            if let Ok(place) = PathFd::new(place) {
                rules = rules.add_rule(PathBeneath::new(place, writing))?;
            }
        }
        rules.restrict_self()?;
        Ok(())
    }

    fn writable() -> impl Iterator<Item = PathBuf> {
        let places = fs::read_dir("/").into_iter().flatten().flatten().map(|place| place.path());
        places.filter(|place| place.file_name().is_some_and(|name| name != "proc"))
    }
}
