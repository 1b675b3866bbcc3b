//! What the supervisor reads and writes: what is there, without waiting for more, and what a student has typed.

use std::io::{ErrorKind, Read};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::time::Duration;

use crate::system::sockets;

/// How much is read before the rest of the loop has its turn.
pub const FLOOD: usize = 1 << 20;

/// Reads what is there, without waiting. The flag says whether more may come.
pub fn read_all(stream: Option<&mut UnixStream>) -> (bool, Vec<u8>) {
    let mut bytes = Vec::new();
    let Some(stream) = stream else {
        return (false, bytes);
    };
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (false, bytes),
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => return (true, bytes),
            Err(_) => return (false, bytes),
        }
        if bytes.len() > FLOOD {
            return (true, bytes);
        }
    }
}

/// What a cell gets of its input at once: a datagram that is longer than what is asked for is cut.
const LONGEST_READ: usize = 1024;
/// How long a piece of input waits for the cell to read the one before.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// An empty line is the end of the input.
pub fn send_line(path: &Path, line: &[u8]) -> std::io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(READ_WITHIN))?;
    if line.is_empty() {
        sockets::at(path, |path| socket.send_to(&[], path))?;
    }
    for part in line.chunks(LONGEST_READ) {
        sockets::at(path, |path| socket.send_to(part, path))?;
    }
    Ok(())
}

/// Takes up bytes, and gives the text without a character that is cut at the end.
pub fn whole_text(rest: &mut Vec<u8>, bytes: &[u8]) -> String {
    rest.extend_from_slice(bytes);
    let whole = rest.len() - partial_char(rest);
    let text: Vec<u8> = rest.drain(..whole).collect();
    String::from_utf8_lossy(&text).into_owned()
}

/// How many bytes at the end are the beginning of a character that is still to come.
pub fn partial_char(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    match std::str::from_utf8(tail) {
        Ok(_) => 0,
        Err(_) => (1..=tail.len())
            .find(|&n| {
                let lead = tail[tail.len() - n];
                let needs = match lead {
                    0xC2..=0xDF => 2,
                    0xE0..=0xEF => 3,
                    0xF0..=0xF4 => 4,
                    _ => 0,
                };
                needs > n
            })
            .unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_not_cut() {
        let mut rest = Vec::new();
        let text: String = "∂ε😀".bytes().map(|byte| whole_text(&mut rest, &[byte])).collect();
        assert_eq!((text.as_str(), rest.len()), ("∂ε😀", 0));
        assert_eq!(whole_text(&mut rest, &[b'a', 0xff, b'b']), "a\u{fffd}b");
    }
}
