//! The Jupyter side: five sockets, and a worker that answers one request after the other.
//!
//! On the map, `docs/architecture.md`: steps 1, 2, 11 and 15.

mod connections;
mod history;
mod incoming;
mod outbox;
mod replies;
mod stalled;
mod strangers;
mod widgets;
mod worker;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use jupyter_protocol::{
    ConnectionInfo, IoPubWelcome, JupyterMessage, JupyterMessageContent, ReplyStatus, ShutdownReply, Status,
};
use jupyter_zmq_client::{
    KernelHeartbeatConnection, KernelIoPubXPubConnection, RouterSendConnection, SubscriptionEvent,
    create_kernel_control_connection, create_kernel_heartbeat_connection, create_kernel_iopub_xpub_connection,
    create_kernel_shell_connection, create_kernel_stdin_connection,
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use zeromq::{SocketRecv, SocketSend};

use self::incoming::Incoming;
use self::outbox::{Outbox, Queue, about, outbox};
use self::stalled::send_patiently;
use crate::cell::nesting::DEEP_STACK;
use crate::engine::thread::{EngineThread, Handle};
use crate::sandbox::Sandbox;
use crate::session::Session;
use crate::session::warm_build::WarmBuild;
use crate::system::project::{Preload, Project};

/// Serves until a shutdown request, until the process is told to end, or until Jupyter is gone.
pub fn serve(project: Result<Project>, connection_file: &Path) -> Result<()> {
    let connection = read_connection_file(connection_file)?;
    let sandbox = Sandbox::of_kernel()?;
    // What is marked has no marks where there is no sandbox, rather than bad ones.
    for line in sandbox.check()? {
        eprintln!("adlab kernel: {line}");
    }
    // Where it fails, cells say why. kernel_info is answered while evcxr starts.
    let engine = EngineThread::start(begin(project, sandbox));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).thread_stack_size(DEEP_STACK).enable_all().build()?;
    let outcome = runtime.block_on(Box::pin(serve_sockets(&connection, &engine)));
    runtime.shutdown_timeout(Duration::from_millis(100));
    engine.stop();
    outcome
}

fn begin(project: Result<Project>, sandbox: Sandbox) -> Result<(Preload, Session)> {
    let project = project?;
    let warm = WarmBuild::find(&project)?;
    Ok((project.preload()?, Session::open(&project, warm)?.confined(sandbox)))
}

fn read_connection_file(path: &Path) -> Result<ConnectionInfo> {
    let name = path.display();
    let advice = "Jupyter writes this file when it starts a kernel";
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the connection file {name}; {advice}"))?;
    serde_json::from_str(&text).with_context(|| format!("the connection file {name} is broken; {advice}"))
}

async fn serve_sockets(connection: &ConnectionInfo, engine: &EngineThread) -> Result<()> {
    let session_id = uuid();
    let bind = |what: &'static str| move || format!("cannot bind the {what} socket of the connection file");
    let heartbeat = create_kernel_heartbeat_connection(connection).await.with_context(bind("heartbeat"))?;
    let iopub = create_kernel_iopub_xpub_connection(connection, &session_id).await.with_context(bind("iopub"))?;
    let shell = create_kernel_shell_connection(connection, &session_id).await.with_context(bind("shell"))?;
    let control = create_kernel_control_connection(connection, &session_id).await.with_context(bind("control"))?;
    let stdin = create_kernel_stdin_connection(connection, &session_id).await.with_context(bind("stdin"))?;

    strangers::close_files(connection);

    let (iopub_out, iopub_queue) = outbox();
    tokio::spawn(beat(heartbeat));
    tokio::spawn(publish(iopub, iopub_queue, connection.iopub_port));
    iopub_out.send(JupyterMessage::new(Status::starting(), None));

    let (shell_send, shell_recv) = shell.split();
    let (requests_in, requests) = unbounded_channel();
    let (replies, replies_queue) = outbox();
    tokio::spawn(send_all(shell_send, replies_queue, connection.shell_port));
    tokio::spawn(receive_all(Incoming::new(shell_recv), requests_in, engine.handle()));

    let (stdin_send, stdin_recv) = stdin.split();
    let (questions, questions_queue) = outbox();
    tokio::spawn(send_all(stdin_send, questions_queue, connection.stdin_port));
    tokio::spawn(receive_answers(Incoming::new(stdin_recv), engine.handle()));

    let outgoing = worker::Outgoing { replies, iopub: iopub_out.clone(), questions };
    tokio::spawn(worker::work(requests, outgoing, engine.handle()));

    let (control_send, control_recv) = control.split();
    let terminated = terminated();
    tokio::select! {
        () = serve_control(control_send, Incoming::new(control_recv), iopub_out, engine, connection.control_port) => {}
        () = terminated => {}
        () = orphaned() => {}
    }
    Ok(())
}

/// Interrupts and the end go past the queue of requests.
async fn serve_control(
    mut send: RouterSendConnection,
    mut incoming: Incoming,
    iopub: Outbox,
    engine: &EngineThread,
    port: u16,
) {
    loop {
        let request = incoming.receive().await;
        iopub.send(about(Status::busy(), &request));
        let mut stop = false;
        let reply: Option<JupyterMessageContent> = match &request.content {
            JupyterMessageContent::KernelInfoRequest(_) => Some(replies::kernel_info().into()),
            JupyterMessageContent::InterruptRequest(_) => {
                engine.handle().interrupt();
                Some(jupyter_protocol::InterruptReply::new().into())
            }
            JupyterMessageContent::ShutdownRequest(shutdown) => {
                stop = true;
                Some(ShutdownReply { restart: shutdown.restart, ..Default::default() }.into())
            }
            _ => None,
        };
        if let Some(reply) = reply {
            let _ = send_patiently(port, send.send(JupyterMessage::new(reply.clone(), Some(&request)))).await;
            if stop {
                // So do ipykernel and others: front ends that only listen learn of the end.
                iopub.send(about(reply, &request));
            }
        }
        iopub.send(about(Status::idle(), &request));
        if stop {
            // The last messages leave before the sockets close.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return;
        }
    }
}

/// Gives back what it gets, whatever it is.
async fn beat(mut heartbeat: KernelHeartbeatConnection) {
    loop {
        match heartbeat.socket.recv().await {
            Ok(beat) => drop(heartbeat.socket.send(beat).await),
            // A peer that left, or was none; don't spin if it was the socket itself.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn publish(mut iopub: KernelIoPubXPubConnection, mut queue: Queue, port: u16) {
    loop {
        tokio::select! {
            message = queue.next() => match message {
                Some(message) => {
                    drop(send_patiently(port, iopub.send(message)).await);
                    queue.sent();
                }
                None => return,
            },
            event = iopub.recv_subscription() => {
                strangers::cut(port);
                if let Ok(SubscriptionEvent::Subscribe(topic)) = event {
                    let identity = topic.clone().into_bytes().into();
                    let welcome = JupyterMessage::new(IoPubWelcome::new(topic), None).with_zmq_identities(vec![identity]);
                    drop(send_patiently(port, iopub.send(welcome)).await);
                }
            }
        }
    }
}

async fn send_all(mut send: RouterSendConnection, mut queue: Queue, port: u16) {
    while let Some(message) = queue.next().await {
        drop(send_patiently(port, send.send(message)).await);
        queue.sent();
    }
}

async fn receive_all(mut incoming: Incoming, requests: UnboundedSender<JupyterMessage>, engine: Handle) {
    loop {
        let request = incoming.receive().await;
        if matches!(request.content, JupyterMessageContent::ExecuteRequest(_)) {
            engine.receive();
        }
        if requests.send(request).is_err() {
            return;
        }
    }
}

/// What students type when a cell asks.
async fn receive_answers(mut incoming: Incoming, engine: Handle) {
    loop {
        if let JupyterMessageContent::InputReply(reply) = incoming.receive().await.content {
            engine.answer((reply.status == ReplyStatus::Ok).then_some(reply.value.as_str()));
        }
    }
}

/// Ends when the process that started the kernel has ended without a word: nobody would ever stop it.
async fn orphaned() {
    let announced: Option<u32> = std::env::var("JPY_PARENT_PID").ok().and_then(|pid| pid.parse().ok());
    // Through a program in between, or from another container, there is no telling.
    if announced != Some(std::os::unix::process::parent_id()) {
        return std::future::pending().await;
    }
    while announced == Some(std::os::unix::process::parent_id()) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    // Jupyter interrupts by message; a Ctrl-C in the server's terminal is not for us.
    let _ignored = signal(SignalKind::interrupt());
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

fn uuid() -> String {
    // Every message carries a fresh one.
    JupyterMessage::new(Status::idle(), None).header.session
}
