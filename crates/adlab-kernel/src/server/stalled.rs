//! Front ends that are there and take nothing: a console that was stopped, a laptop that sleeps.
//!
//! A socket's messages go to one front end after the other, so that one would keep all others waiting for ever. Its
//! connection is cut; when it goes on, it connects again by itself.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

/// Who has taken nothing for this long is cut off.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a message through the socket of this port.
pub async fn send_patiently<T>(port: u16, sending: impl Future<Output = T>) -> T {
    let mut sending = pin!(sending);
    let mut before = HashMap::new();
    loop {
        if let Ok(sent) = tokio::time::timeout(PATIENCE, sending.as_mut()).await {
            return sent;
        }
        let now = connections::untaken(port);
        for (&connection, untaken) in &now {
            if before.get(&connection) == Some(untaken) {
                connections::cut(connection);
            }
        }
        before = now;
    }
}

#[cfg(target_os = "linux")]
mod connections {
    use std::collections::HashMap;
    use std::net::{SocketAddrV4, SocketAddrV6};
    use std::os::fd::{BorrowedFd, RawFd};

    use rustix::net::{AddressFamily, Shutdown, SocketAddrUnix, getsockname, shutdown};

    /// This process's connections at a port that still hold bytes for the other side, and how many.
    pub fn untaken(port: u16) -> HashMap<RawFd, i32> {
        let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        files.filter(|&fd| local_port(fd) == Some(port)).filter_map(|fd| Some((fd, bytes_left(fd)?))).collect()
    }

    /// Whoever owns the socket is told that it is closed.
    pub fn cut(fd: RawFd) {
        let _ = shutdown(borrow(fd), Shutdown::Both);
    }

    /// For the time of one call, which fails where the file is closed by now, or is something else.
    fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
        // SAFETY: it is not -1, and nothing is closed or kept.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }

    fn bytes_left(fd: RawFd) -> Option<i32> {
        let mut left = 0;
        // SAFETY: writes an int; on what is no connection it fails.
        let known = unsafe { libc::ioctl(fd, libc::TIOCOUTQ, &raw mut left) };
        (known == 0 && left > 0).then_some(left)
    }

    /// Over ipc, a port is the end of the path.
    fn local_port(fd: RawFd) -> Option<u16> {
        let address = getsockname(borrow(fd)).ok()?;
        match address.address_family() {
            AddressFamily::INET => SocketAddrV4::try_from(address).ok().map(|address| address.port()),
            AddressFamily::INET6 => SocketAddrV6::try_from(address).ok().map(|address| address.port()),
            AddressFamily::UNIX => {
                let address = SocketAddrUnix::try_from(address).ok()?;
                address.path()?.to_str().ok()?.rsplit('-').next()?.parse().ok()
            }
            _ => None,
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod connections {
    use std::collections::HashMap;

    pub fn untaken(_port: u16) -> HashMap<i32, i32> {
        HashMap::new()
    }

    pub fn cut(_fd: i32) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::connections::{cut, untaken};
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_that_takes_nothing_is_found_and_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let _silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut ours, _) = listener.accept().unwrap();
        assert!(untaken(port).is_empty());
        ours.set_nonblocking(true).unwrap();
        while ours.write(&[0; 65536]).is_ok() {}
        let found = untaken(port);
        assert_eq!(found.len(), 1);
        assert_eq!(untaken(port), found);
        cut(*found.keys().next().unwrap());
        assert_eq!(ours.write(&[0]).unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    }
}
