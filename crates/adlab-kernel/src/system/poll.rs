//! Waiting for what comes first.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

/// Waits until one of these can be read, or is at its end; says which.
pub fn poll<const N: usize>(files: [Option<BorrowedFd>; N], wait: Option<Duration>) -> [bool; N] {
    let mut list: Vec<PollFd> =
        files.iter().flatten().map(|file| PollFd::from_borrowed_fd(*file, PollFlags::IN)).collect();
    // A little longer than asked for: what is due then is due.
    let wait = wait.and_then(|wait| Timespec::try_from(wait + Duration::from_millis(1)).ok());
    let _ = rustix::event::poll(&mut list, wait.as_ref());
    let mut answers = list.iter().map(|answer| !answer.revents().is_empty());
    files.map(|file| file.is_some() && answers.next().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn it_is_told_who_has_something() {
        let (mut a, b) = UnixStream::pair().unwrap();
        let (c, d) = UnixStream::pair().unwrap();
        let look = || poll([Some(b.as_fd()), None, Some(d.as_fd())], Some(Duration::ZERO));
        assert_eq!(look(), [false, false, false]);
        a.write_all(b"x").unwrap();
        assert_eq!(look(), [true, false, false]);
        drop(c);
        assert_eq!(look(), [true, false, true]);
    }
}
