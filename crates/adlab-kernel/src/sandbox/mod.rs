//! How far the code of a notebook is trusted, and what holds it where it isn't.
//!
//! The switch is [`Sandbox`]: *off*, as in a student's own notebook; *seal*, as in `adlab run`, where cells may do what their
//! user may, but write into no process; *on* and *required*, for what others have written and somebody marks. A session has
//! one, chosen before any thread starts:
//!
//! ```text
//! for line in sandbox.check()? { eprintln!("adlab: {line}") }    what this system lacks; an error where it is required
//! let session = Session::open(project, warm)?.confined(sandbox);
//! let engine = Engine::start(preload, &session, analysis, Some(folder))?;
//! ```
//!
//! With it on, the kernel itself is as before, and what is not trusted locks itself in, for good, before it meets the first
//! word of a student's:
//!
//! | | the process that runs cells | rustc |
//! |---|---|---|
//! | files ([`files`]) | reads the system's libraries, Rust's, the session's; reads and writes its [`scratch`] folder, a copy of the notebook's without notebooks | reads the toolchain, the linker, the session's build and scratch folders; writes below the build folder |
//! | calls ([`calls`]) | those in a list: no sockets, no programs, no other processes' memory, no devices, no rights | no sockets, no other processes' memory |
//! | processes ([`births`]) | the kernel is asked for each: a snapshot between cells, and so many threads; signals to itself alone; none is left ([`remains`]) | – |
//! | limits ([`limits`]) | memory, processor time, size of a file, open files; of all files together ([`scratch`]) | memory, processor time, size of a file |
//! | environment | [`environment`]: a list | the same list |
//!
//! What is carried to those processes is one variable, [`VARIABLE`].

#[cfg(target_os = "linux")]
pub mod births;
#[cfg(target_os = "linux")]
mod calls;
pub mod environment;
#[cfg(target_os = "linux")]
pub mod files;
#[cfg(target_os = "linux")]
mod limits;
mod means;
pub mod remains;
pub mod scratch;
pub mod terms;

use anyhow::{Result, bail};

/// Says how far cells are trusted: to the kernel, as a wish; to what it starts, as an order.
pub const VARIABLE: &str = "ADLAB_SANDBOX";

/// The memory that cells have, if nothing else is said.
pub const MEMORY: u64 = 2 << 30;

/// Seconds of processor time that one cell's compiler may take: far more than it needs.
pub const COMPILING: u64 = 30;

/// nbgrader sets it while it runs submissions, and so does `adlab grade`.
pub const NBGRADER_VAR: &str = "NBGRADER_EXECUTION";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Sandbox {
    /// Cells may do what their user may
    #[default]
    Off,
    /// The same, but they write into no process
    Seal,
    /// They may compute: no network, no programs, no files but their own, so much memory and time
    On,
    /// The same, and nothing runs where this system can't hold them
    Required,
}

const WORDS: [(Sandbox, &str); 4] =
    [(Sandbox::Off, "off"), (Sandbox::Seal, "seal"), (Sandbox::On, "on"), (Sandbox::Required, "required")];

impl Sandbox {
    /// For a kernel: what the user wishes, or what suits what nbgrader does.
    pub fn of_kernel() -> Result<Self> {
        match std::env::var(VARIABLE) {
            Ok(word) => match Self::of_word(word.trim()) {
                Some(sandbox) => Ok(sandbox),
                None => bail!("{VARIABLE} is {word:?}; set it to off, seal, on or required"),
            },
            Err(_) if std::env::var_os(NBGRADER_VAR).is_some() => Ok(Sandbox::On),
            Err(_) => Ok(Sandbox::Off),
        }
    }

    /// For what a session starts.
    pub fn of_session() -> Self {
        let word = std::env::var(VARIABLE).unwrap_or_default();
        Self::of_word(word.lines().next().unwrap_or_default()).unwrap_or_default()
    }

    fn of_word(word: &str) -> Option<Self> {
        WORDS.iter().find(|(_, known)| *known == word).map(|(sandbox, _)| *sandbox)
    }

    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(sandbox, _)| *sandbox == self).map_or("off", |(_, word)| word)
    }

    /// Cells may compute, and no more.
    pub fn is_closed(self) -> bool {
        matches!(self, Sandbox::On | Sandbox::Required)
    }

    /// What it needs and this system lacks, a line each: to be said once, where the caller looks. Fails where it must not
    /// lack.
    pub fn check(self) -> Result<Vec<String>> {
        let lacking = if self.is_closed() { means::lacking() } else { Vec::new() };
        if self == Sandbox::Required && !lacking.is_empty() {
            bail!("the sandbox can't hold here, and it is required: {}", lacking.join("; "));
        }
        Ok(lacking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_degree_has_a_word() {
        for (sandbox, word) in WORDS {
            assert_eq!((Sandbox::of_word(word), sandbox.word()), (Some(sandbox), word));
        }
        assert_eq!((Sandbox::of_word("On"), Sandbox::of_word("")), (None, None));
    }
}
