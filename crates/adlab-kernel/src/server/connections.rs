//! This process's connections, as the system knows them: the sockets' library tells nothing of them.

#[cfg(target_os = "linux")]
pub use linux::{cut, peers, untaken};
#[cfg(not(target_os = "linux"))]
pub use other::{cut, peers, untaken};

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
    use std::os::fd::{BorrowedFd, RawFd};

    use rustix::net::{AddressFamily, Shutdown, SocketAddrUnix, getpeername, getsockname, shutdown};

    /// This process's connections at a port that still hold bytes for the other side, and how many.
    pub fn untaken(port: u16) -> HashMap<RawFd, i32> {
        at(port).filter_map(|fd| Some((fd, bytes_left(fd)?))).collect()
    }

    /// Those at a port that go over a network, be it this machine's own: the other end of each.
    pub fn peers(port: u16) -> HashMap<RawFd, SocketAddr> {
        at(port).filter_map(|fd| Some((fd, getpeername(borrow(fd)).ok()??.try_into().ok()?))).collect()
    }

    fn at(port: u16) -> impl Iterator<Item = RawFd> {
        let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        files.filter(move |&fd| local_port(fd) == Some(port))
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
mod other {
    use std::collections::HashMap;

    pub fn untaken(_port: u16) -> HashMap<i32, i32> {
        HashMap::new()
    }

    pub fn peers(_port: u16) -> HashMap<i32, std::net::SocketAddr> {
        HashMap::new()
    }

    pub fn cut(_fd: i32) {}
}
