//! Keeps stdout and stderr in the order in which a cell writes to them.
//!
//! Two sockets for two streams would lose it: whoever reads them can't tell which was written to first. So this program
//! brings its own `write`, which the cells that it loads call in place of libc's. In a runtime it sends what goes to
//! stdout or stderr as datagrams through one socket, each with the stream's number before it: one queue, one order.
//! Everything else, and what does not come by here (C's own buffers, other programs that a cell starts), takes the
//! usual way.

use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, c_void, iovec, size_t, ssize_t};

use super::protocol::LONGEST_WRITE;

/// The socket, once there is one.
static SOCKET: AtomicI32 = AtomicI32::new(-1);

/// From now on, stdout and stderr go through this socket.
pub fn start(socket: UnixDatagram) {
    SOCKET.store(socket.into_raw_fd(), Ordering::Relaxed);
}

fn passthrough(fd: c_int) -> bool {
    SOCKET.load(Ordering::Relaxed) < 0 || !(fd == libc::STDOUT_FILENO || fd == libc::STDERR_FILENO)
}

/// `write(2)`.
///
/// # Safety
/// As for libc's: `buffer` has `count` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, buffer: *const c_void, count: size_t) -> ssize_t {
    // SAFETY: the caller's promise.
    unsafe {
        if !passthrough(fd) {
            // A longer write is cut, which it may always be; the caller comes back with the rest.
            let sent = send(fd, buffer, count.min(LONGEST_WRITE));
            if sent >= 0 {
                return sent;
            }
        }
        libc::syscall(libc::SYS_write, fd, buffer, count) as ssize_t
    }
}

/// `writev(2)`.
///
/// # Safety
/// As for libc's: `parts` has `count` valid entries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: the caller's promise.
    unsafe {
        let count_of_parts = if parts.is_null() { 0 } else { usize::try_from(count).unwrap_or(0) };
        let list = if count_of_parts == 0 { &[] } else { std::slice::from_raw_parts(parts, count_of_parts) };
        match list.iter().find(|part| part.iov_len > 0) {
            // The first part only: the caller comes back with the rest.
            Some(part) if !passthrough(fd) => write(fd, part.iov_base, part.iov_len),
            _ => libc::syscall(libc::SYS_writev, fd, parts, count) as ssize_t,
        }
    }
}

/// Sends one datagram; negative if the kernel is not there to take it.
unsafe fn send(fd: RawFd, buffer: *const c_void, count: size_t) -> ssize_t {
    let mut stream = fd as u8;
    let mut parts = [
        iovec { iov_base: (&raw mut stream).cast(), iov_len: 1 },
        iovec { iov_base: buffer.cast_mut(), iov_len: count },
    ];
    loop {
        // SAFETY: the parts outlive the call. It is no `sendmsg`, which a sandbox forbids: that can send to others.
        let sent =
            unsafe { libc::syscall(libc::SYS_writev, SOCKET.load(Ordering::Relaxed), parts.as_mut_ptr(), parts.len()) };
        if sent >= 0 {
            return sent as ssize_t - 1;
        }
        if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
            return -1;
        }
    }
}
