//! What one process may do: an order to it, as the text of a variable.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::Sandbox;

/// For the process that runs cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub sandbox: Sandbox,
    /// Folders that it may read, beside the system's.
    pub read: Vec<PathBuf>,
    /// The folder that is its own.
    pub own: Option<PathBuf>,
}

const READ: &str = "read ";
const OWN: &str = "own ";

impl Terms {
    /// Nothing where the process is trusted.
    pub fn of_environment() -> Option<Self> {
        let text = std::env::var(super::VARIABLE).ok()?;
        let mut lines = text.lines();
        let sandbox = Sandbox::of_word(lines.next()?).filter(|sandbox| *sandbox != Sandbox::Off)?;
        let mut terms = Terms { sandbox, read: Vec::new(), own: None };
        for line in lines {
            if let Some(path) = line.strip_prefix(READ) {
                terms.read.push(path.into());
            } else if let Some(path) = line.strip_prefix(OWN) {
                terms.own = Some(path.into());
            }
        }
        Some(terms)
    }

    /// The text of the variable. A path with a line end can't be said; such a one is never a session's.
    pub fn text(&self) -> Result<String> {
        let mut text = self.sandbox.word().to_owned();
        let paths = self.read.iter().map(|path| (READ, path)).chain(self.own.iter().map(|path| (OWN, path)));
        for (word, path) in paths {
            match path.to_str().filter(|path| !path.contains('\n')) {
                Some(path) => text += &format!("\n{word}{path}"),
                None => bail!("the sandbox can't be told of {}", path.display()),
            }
        }
        Ok(text)
    }

    /// The first thing: what was left open by whoever started the kernel is closed, and the process parts from all others.
    #[cfg(target_os = "linux")]
    pub fn begin(&self) -> Result<()> {
        if !self.sandbox.is_closed() {
            return Ok(());
        }
        // SAFETY: nothing in this process has opened anything yet. Without the call, in Linux before 5.9, they stay open.
        unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
        let folder = self.own.as_ref().and_then(|own| own.parent());
        super::remains::part(folder.context("there is no folder for the cells")?)
    }

    /// The kernel is to be asked for processes and threads.
    #[cfg(target_os = "linux")]
    pub fn asks(&self) -> bool {
        self.sandbox.is_closed() && super::means::found().births
    }

    /// Locks this process in, for good. It must have one thread. `listener` is given what the kernel answers by, before the
    /// last door closes.
    #[cfg(target_os = "linux")]
    pub fn keep(&self, listener: impl FnOnce(std::os::fd::OwnedFd) -> Result<()>) -> Result<()> {
        use super::{births, calls, files, limits};
        if !self.sandbox.is_closed() {
            if let Err(error) = files::seal() {
                eprintln!("adlab runtime: cells may write into processes: {error}");
            }
            return Ok(());
        }
        let has = super::means::found();
        limits::of_cells()?;
        if has.files {
            files::close_to_cells(&self.read, self.own.as_deref())?;
        }
        limits::drop_rights()?;
        if has.births {
            listener(births::ask()?)?;
        }
        if has.calls {
            calls::close_to_cells(has.births)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_can_t_be_said_are_refused() {
        let terms = |own: &str| Terms { sandbox: Sandbox::On, read: vec!["/a b".into()], own: Some(own.into()) };
        assert_eq!(terms("/c").text().unwrap(), "on\nread /a b\nown /c");
        assert!(terms("/c\nread /").text().is_err());
    }
}
