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
        if let Some(user) = user_of(peer, port).filter(|user| *user != ours && *user != 0) {
            eprintln!("adlab kernel: cut the connection of another user of this machine (number {user})");
            connections::cut(connection);
        }
    }
}

/// While the system writes its table down, connections come and go, and a line may be missed: so often it is read.
const TRIES: usize = 3;

/// The user whose program on this machine has this end of a connection, of which the other is our port.
fn user_of(end: SocketAddr, port: u16) -> Option<u32> {
    let table = if end.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    (0..TRIES).find_map(|_| user_in(&fs::read_to_string(table).ok()?, end, port))
}

/// The same, in the system's table. One end may be that of several connections, which lead to other ports; what is left of
/// one that was closed counts as root's.
fn user_in(table: &str, end: SocketAddr, port: u16) -> Option<u32> {
    let bytes = match end.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    // The system writes words as numbers of its own.
    let words = bytes.chunks(4).map(|word| format!("{:08X}", u32::from_ne_bytes(word.try_into().unwrap_or_default())));
    let (from, to) = (format!("{}:{:04X}", words.collect::<String>(), end.port()), format!(":{port:04X}"));
    table.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let is_it = words.next()? == from && words.next()?.ends_with(&to);
        // Beyond its state, its queues, its timers and what was sent again.
        words.nth(4)?.parse().ok().filter(|_| is_it)
    })
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
            assert_eq!(user_of(found[0], port), Some(rustix::process::geteuid().as_raw()));
            assert_eq!(user_of(found[0], port ^ 1), None);
            assert_eq!(user_of("192.0.2.1:9".parse().unwrap(), port), None);
            cut(port);
            assert_eq!(ours.peer_addr().unwrap(), found[0]);
        }
    }

    #[test]
    fn a_port_that_leads_to_several_is_not_mistaken() {
        // From 127.0.0.1:40000 to our port 5000 as user 65534, and to others as root, one of them closed.
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9C40 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1
   1: 0100007F:9C40 0100007F:1389 06 00000000:00000000 03:00000B2C 00000000     0        0 0 3 0
   2: 0100007F:1388 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   3: 0100007F:9C40 0100007F:1388 01 00000000:00000000 00:00000000 00000000 65534        0 3 1 0 20 4 30 10 -1
";
        let end = "127.0.0.1:40000".parse().unwrap();
        assert_eq!([5000, 80, 7].map(|port| user_in(table, end, port)), [Some(65534), Some(0), None]);
    }
}
