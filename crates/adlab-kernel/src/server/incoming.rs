//! Requests as they come in: signed, parsed, and with the fields that front ends leave out.

use std::time::Duration;

use anyhow::{Context, Result};
use jupyter_protocol::{Header, JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client::{RawMessage, RouterRecvConnection};
use serde_json::{Value, json};
use zeromq::SocketRecv;

/// The next message that is signed and well-formed; what is not is noted in the server's log.
pub async fn receive(recv: &mut RouterRecvConnection) -> Option<JupyterMessage> {
    loop {
        let multipart = match recv.socket.recv().await {
            Ok(multipart) => multipart,
            Err(error) => {
                eprintln!("adlab kernel: {error}");
                // A front end that left in the middle of a message; don't spin if it was the socket itself.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        match RawMessage::from_multipart(multipart, &recv.mac).map_err(Into::into).and_then(parse) {
            Ok(message) => return Some(message),
            Err(error) => eprintln!("adlab kernel: ignored a message: {error:#}"),
        }
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
    fn nonsense_is_an_error_and_no_panic() {
        assert!(parse(raw("execute_request", "{")).is_err());
        assert!(parse(raw("execute_request", "[]")).is_err());
        assert!(parse(raw("execute_request", "{}")).is_err());
        assert!(parse(RawMessage { zmq_identities: Vec::new(), jparts: Vec::new() }).is_err());
        assert!(parse(raw("made_up_request", "{}")).is_ok());
    }
}
