//! Connections of other users of this machine. Anyone on it can connect to a port, and what is published there is signed,
//! but not secret: whoever subscribes reads what cells print.
//!
//! Over ipc, the sockets are files, and the system asks who may open them.

use std::fs::{self, Permissions};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;

use jupyter_protocol::{ConnectionInfo, Transport};

use super::connections;

/// Nobody else may open the sockets, wherever they are.
pub fn close_files(connection: &ConnectionInfo) {
    if matches!(connection.transport, Transport::IPC) {
        let ports = [connection.hb_port, connection.iopub_port, connection.shell_port];
        for port in ports.into_iter().chain([connection.control_port, connection.stdin_port]) {
            let _ = fs::set_permissions(format!("{}-{port}", connection.ip), Permissions::from_mode(0o600));
        }
    }
}

/// Cuts what another user has connected to this port. To be called when somebody has subscribed, before anything is sent.
pub fn cut(port: u16) {
    let ours = rustix::process::geteuid().as_raw();
    for (connection, peer) in connections::peers(port) {
        // What root may read, it can read anyway; a peer on another machine was let in by whoever opened the port to it.
        if let Some(user) = user_of(peer).filter(|user| *user != ours && *user != 0) {
            eprintln!("adlab kernel: cut the connection of another user of this machine (number {user})");
            connections::cut(connection);
        }
    }
}

/// The user whose program on this machine has this end of a connection.
fn user_of(end: SocketAddr) -> Option<u32> {
    let table = if end.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    let bytes = match end.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    // The system writes words as numbers of its own.
    let words = bytes.chunks(4).map(|word| format!("{:08X}", u32::from_ne_bytes(word.try_into().unwrap_or_default())));
    let written = format!("{}:{:04X}", words.collect::<String>(), end.port());
    let text = fs::read_to_string(table).ok()?;
    let line = text.lines().find(|line| line.split_whitespace().nth(1) == Some(&written))?;
    line.split_whitespace().nth(7)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_s_user_is_known_and_our_own_stays() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let port = listener.local_addr().unwrap().port();
            let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (ours, _) = listener.accept().unwrap();
            let found: Vec<_> = connections::peers(port).into_values().collect();
            assert_eq!(found, [peer.local_addr().unwrap()]);
            assert_eq!(user_of(found[0]), Some(rustix::process::geteuid().as_raw()));
            assert_eq!(user_of("192.0.2.1:9".parse().unwrap()), None);
            cut(port);
            assert_eq!(ours.peer_addr().unwrap(), found[0]);
        }
    }
}
