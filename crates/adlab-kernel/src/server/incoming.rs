//! Requests as they come in: signed, parsed, and with the fields that front ends leave out.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client::{RawMessage, RouterRecvConnection};
use serde_json::{Value, json};
use zeromq::{SocketRecv, ZmqMessage};

/// How many messages are remembered, to know one that is sent again.
const REMEMBERED: usize = 1 << 16;

/// One socket's requests.
pub struct Incoming {
    recv: RouterRecvConnection,
    seen: Seen,
}

impl Incoming {
    pub fn new(recv: RouterRecvConnection) -> Self {
        Incoming { recv, seen: Seen::default() }
    }

    /// The next message that is signed, new and well-formed; what is not is noted in the server's log.
    pub async fn receive(&mut self) -> JupyterMessage {
        loop {
            let multipart = match self.recv.socket.recv().await {
                Ok(multipart) => multipart,
                Err(error) => {
                    eprintln!("adlab kernel: {error}");
                    // A front end that left in the middle of a message; don't spin if it was the socket itself.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            };
            match self.read(multipart) {
                Ok(message) => return message,
                Err(error) => eprintln!("adlab kernel: ignored a message: {error:#}"),
            }
        }
    }

    fn read(&mut self, multipart: ZmqMessage) -> Result<JupyterMessage> {
        let signature = multipart.iter().skip_while(|part| part[..] != *DELIMITER).nth(1).map(|part| part.to_vec());
        let raw = RawMessage::from_multipart(multipart, &self.recv.mac)?;
        // Whoever listens in may have recorded it.
        if self.recv.mac.is_some() && !self.seen.insert(signature.unwrap_or_default()) {
            bail!("it came before");
        }
        parse(raw)
    }
}

const DELIMITER: &[u8] = b"<IDS|MSG>";

/// The latest signatures.
#[derive(Default)]
struct Seen {
    known: HashSet<Vec<u8>>,
    in_order: VecDeque<Vec<u8>>,
}

impl Seen {
    /// False if it was there.
    fn insert(&mut self, signature: Vec<u8>) -> bool {
        if !self.known.insert(signature.clone()) {
            return false;
        }
        self.in_order.push_back(signature);
        if self.in_order.len() > REMEMBERED {
            self.in_order.pop_front().inspect(|oldest| {
                self.known.remove(oldest);
            });
        }
        true
    }
}

fn parse(raw: RawMessage) -> Result<JupyterMessage> {
    let part = |i: usize| raw.jparts.get(i).map_or(&b"{}"[..], |part| part);
    let header: Header = serde_json::from_slice(part(0)).context("its header")?;
    let mut content: Value = serde_json::from_slice(part(3)).context("its content")?;
    fill_in(&mut content, &defaults(&header.msg_type));
    let content = JupyterMessageContent::from_type_and_content(&header.msg_type, content)
        .with_context(|| format!("the content of {}", header.msg_type))?;
    Ok(JupyterMessage {
        // An empty parent is `{}`, which is no header.
        parent_header: serde_json::from_slice(part(1)).ok(),
        metadata: serde_json::from_slice(part(2)).context("its metadata")?,
        buffers: raw.jparts.iter().skip(4).cloned().collect(),
        zmq_identities: raw.zmq_identities,
        header,
        content,
        channel: None,
    })
}

/// What the protocol says of fields that are not there.
fn defaults(msg_type: &str) -> Value {
    match msg_type {
        "execute_request" => json!({ "silent": false, "store_history": true, "user_expressions": {} }),
        "history_request" => json!({
            "output": false, "raw": true, "session": 0, "start": 0, "stop": 0, "n": 10, "pattern": "*", "unique": false,
        }),
        "shutdown_request" => json!({ "restart": false }),
        _ => json!({}),
    }
}

fn fill_in(content: &mut Value, defaults: &Value) {
    if let (Value::Object(content), Value::Object(defaults)) = (content, defaults) {
        for (name, value) in defaults {
            let field = content.entry(name).or_insert(Value::Null);
            if field.is_null() {
                *field = value.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::messaging::HistoryRequest;

    fn raw(msg_type: &str, content: &str) -> RawMessage {
        let header = format!(
            r#"{{"msg_id": "1", "username": "u", "session": "s", "date": "2026-01-01T00:00:00Z", "msg_type": "{msg_type}", "version": "5.3"}}"#
        );
        let parts = [header.as_str(), "{}", "{}", content];
        RawMessage {
            zmq_identities: Vec::new(),
            jparts: parts.iter().map(|part| part.as_bytes().to_vec().into()).collect(),
        }
    }

    #[test]
    fn fields_that_are_left_out_have_their_defaults() {
        let message = parse(raw("execute_request", r#"{"code": "1"}"#)).unwrap();
        assert!(matches!(message.content, JupyterMessageContent::ExecuteRequest(r) if r.store_history && !r.silent));
        let message =
            parse(raw("history_request", r#"{"hist_access_type": "search", "pattern": "a*", "n": 3}"#)).unwrap();
        assert!(matches!(
            message.content,
            JupyterMessageContent::HistoryRequest(HistoryRequest::Search { n: 3, unique: false, .. })
        ));
    }

    #[test]
    fn what_came_before_is_known() {
        let mut seen = Seen::default();
        assert!(seen.insert(b"first".to_vec()));
        assert!(!seen.insert(b"first".to_vec()));
        for i in 0..REMEMBERED {
            assert!(seen.insert(i.to_string().into_bytes()));
        }
        assert!(seen.insert(b"first".to_vec()), "the memory is bounded");
    }

    /// Cuts, doubles and changes bytes of good messages; what comes out is a message or an error, never a panic.
    #[test]
    fn mutilated_messages_are_errors_at_most() {
        let contents = [
            ("execute_request", r#"{"code": "1", "silent": false, "user_expressions": {"a": "1"}}"#),
            ("history_request", r#"{"hist_access_type": "range", "session": 0, "start": 1, "stop": 3}"#),
            ("complete_request", r#"{"code": "ε.si", "cursor_pos": 4}"#),
            ("comm_open", r#"{"comm_id": "c", "target_name": "t", "data": {}}"#),
            ("input_reply", r#"{"value": "x"}"#),
        ];
        let mut random = 1u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        let (mut good, mut bad) = (0, 0);
        for round in 0..20_000 {
            let (kind, content) = contents[round % contents.len()];
            let mut message = raw(kind, content);
            for _ in 0..=next(3) {
                let i = next(message.jparts.len());
                let mut part = message.jparts[i].to_vec();
                let at = next(part.len().max(1));
                match next(4) {
                    0 => part.truncate(at),
                    1 => part.insert(at, next(256) as u8),
                    2 => part.extend_from_within(at.min(part.len())..),
                    _ if at < part.len() => part[at] = next(256) as u8,
                    _ => {}
                }
                message.jparts[i] = part.into();
            }
            match parse(message) {
                Ok(_) => good += 1,
                Err(_) => bad += 1,
            }
        }
        assert!(good > 500 && bad > 500, "both happen: {good} {bad}");
    }

    #[test]
    fn nonsense_is_an_error_and_no_panic() {
        assert!(parse(raw("execute_request", "{")).is_err());
        assert!(parse(raw("execute_request", "[]")).is_err());
        assert!(parse(raw("execute_request", "{}")).is_err());
        assert!(parse(RawMessage { zmq_identities: Vec::new(), jparts: Vec::new() }).is_err());
        assert!(parse(raw("made_up_request", "{}")).is_ok());
    }
}
