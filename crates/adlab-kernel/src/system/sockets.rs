//! Local sockets at paths of any length.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::AsRawFd;
use std::path::Path;

/// What every system takes for a socket's path.
const LONGEST: usize = 100;

/// Opens something at a path, by a shorter one where it is too long: Linux has one for each folder that is open.
pub fn at<T>(path: &Path, open: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    if path.as_os_str().len() <= LONGEST || cfg!(not(target_os = "linux")) {
        return open(path);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let folder = File::open(folder).map_err(|error| Error::new(error.kind(), "the folder of the socket is gone"))?;
    open(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name))
}

#[cfg(target_os = "linux")]
pub use descriptors::{receive_descriptor, send_descriptor};

/// Descriptors that are handed over with a message.
#[cfg(target_os = "linux")]
mod descriptors {
    use std::io::{IoSlice, IoSliceMut};
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;

    use rustix::net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
        recvmsg, sendmsg,
    };

    /// Hands a descriptor over to the process at the other end.
    pub fn send_descriptor(stream: &UnixStream, descriptor: OwnedFd) -> anyhow::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut handed = SendAncillaryBuffer::new(&mut space);
        let descriptors = [descriptor.as_fd()];
        handed.push(SendAncillaryMessage::ScmRights(&descriptors));
        sendmsg(stream, &[IoSlice::new(&[0])], &mut handed, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// What the other end hands over, if it does.
    pub fn receive_descriptor(stream: &UnixStream) -> Option<OwnedFd> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut handed = RecvAncillaryBuffer::new(&mut space);
        recvmsg(stream, &mut [IoSliceMut::new(&mut [0])], &mut handed, RecvFlags::CMSG_CLOEXEC).ok()?;
        handed.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        })
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn long_paths_can_be_bound_and_reached() {
        let base = tempfile::tempdir().unwrap();
        for length in [1, 90, 250] {
            let folder = base.path().join("f".repeat(length));
            std::fs::create_dir(&folder).unwrap();
            let path = folder.join("socket");
            let bound = at(&path, |path| UnixDatagram::bind(path)).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            assert_eq!(at(&path, |path| sender.send_to(b"abc", path)).unwrap(), 3);
            assert_eq!(bound.recv(&mut [0; 8]).unwrap(), 3);
        }
    }
}
