//! Front ends that are there and take nothing: a console that was stopped, a laptop that sleeps.
//!
//! A socket's messages go to one front end after the other, so that one would keep all others waiting for ever. Its
//! connection is cut; when it goes on, it connects again by itself.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use super::connections;

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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use crate::server::connections::{cut, untaken};
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
