//! Answers the shell's requests, one after the other, each between `busy` and `idle`.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use jupyter_protocol::messaging::{
    CompleteReply, CompleteRequest, ErrorOutput, ExecuteInput, ExecuteReply, ExecuteRequest, ExecuteResult,
    ExecutionCount, ExpressionResult, HistoryReply, InputRequest, InspectReply, InspectRequest, Payload, Transient,
};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent, Media, ReplyStatus, Status};
use serde_json::Value as Json;
use tokio::sync::mpsc::UnboundedReceiver;

use super::history::History;
use super::outbox::{Outbox, Pace, about};
use super::replies::{self, event_content};
use super::widgets::{Wanted, Widgets, message, size};
use crate::ahead::Next;
use crate::engine::thread::Handle;
use crate::engine::{Value, is_for_nbgrader};
use crate::event::{Bundle, Event, Prompt, Sink};
use crate::fault::Fault;
use crate::notebook::file::FAILS;
use crate::notebook::outputs::Outputs;

type Requests = UnboundedReceiver<JupyterMessage>;

/// Where the answers go.
pub(super) struct Outgoing {
    pub replies: Outbox,
    pub iopub: Outbox,
    /// What cells ask students.
    pub questions: Outbox,
}

pub(super) async fn work(mut requests: Requests, outgoing: Outgoing, engine: Handle) {
    let (history, widgets) = (History::default(), Arc::default());
    let mut worker = Worker { outgoing, engine, history, count: 0, widgets, mover: None, pace: Pace::new() };
    let mut waiting = VecDeque::new();
    loop {
        let request = match waiting.pop_front() {
            Some(request) => request,
            None => {
                if requests.is_empty() && worker.answer_move().await {
                    continue;
                }
                match requests.recv().await {
                    Some(request) => request,
                    None => return,
                }
            }
        };
        worker.answer(&request, &mut requests, &mut waiting).await;
    }
}

struct Worker {
    outgoing: Outgoing,
    engine: Handle,
    history: History,
    /// How many cells ran.
    count: usize,
    widgets: Arc<Mutex<Widgets>>,
    /// The message by which a control was moved last, and how fast answers go.
    mover: Option<JupyterMessage>,
    pace: Pace,
}

impl Worker {
    async fn answer(
        &mut self,
        request: &JupyterMessage,
        requests: &mut Requests,
        waiting: &mut VecDeque<JupyterMessage>,
    ) {
        self.publish(Status::busy(), request);
        let mut aborted = Vec::new();
        let reply: Option<JupyterMessageContent> = match &request.content {
            JupyterMessageContent::KernelInfoRequest(_) => Some(replies::kernel_info().into()),
            JupyterMessageContent::ExecuteRequest(execute) => {
                let reply = self.execute(request, execute, queued(requests, waiting)).await;
                if reply.status == ReplyStatus::Error && execute.stop_on_error {
                    aborted = take_queued_cells(requests, waiting).await;
                }
                Some(reply.into())
            }
            JupyterMessageContent::IsCompleteRequest(r) => Some(replies::is_complete(&r.code).into()),
            JupyterMessageContent::CompleteRequest(r) => Some(self.complete(r).await.into()),
            JupyterMessageContent::InspectRequest(r) => Some(self.inspect(r).await.into()),
            JupyterMessageContent::HistoryRequest(r) => Some(HistoryReply::new(self.history.answer(r)).into()),
            JupyterMessageContent::CommInfoRequest(r) => {
                Some(lock(&self.widgets).info(r.target_name.as_deref()).into())
            }
            JupyterMessageContent::CommOpen(open) => self.say(lock(&self.widgets).opened(open), request),
            JupyterMessageContent::CommClose(close) => self.say(lock(&self.widgets).closed(&close.comm_id.0), request),
            JupyterMessageContent::CommMsg(told) => {
                self.say(lock(&self.widgets).told(told), request);
                self.mover = Some(request.clone());
                // It is idle when it is answered: a front end sends the next move then. Others go before.
                while requests.is_empty() && waiting.is_empty() && self.answer_move().await {}
                None
            }
            _ => None,
        };
        if let Some(reply) = reply {
            let is_cell = matches!(reply, JupyterMessageContent::ExecuteReply(_));
            self.reply(reply, request);
            if is_cell {
                self.engine.answered();
            }
        }
        self.publish(Status::idle(), request);
        for cell in aborted {
            self.publish(Status::busy(), &cell);
            self.reply(self.execute_reply(ReplyStatus::Aborted, None), &cell);
            self.engine.answered();
            self.publish(Status::idle(), &cell);
        }
    }

    /// Has the engine do what controls want, one thing; false where there is nothing.
    async fn answer_move(&mut self) -> bool {
        let Some(Wanted { order, id }) = lock(&self.widgets).next() else { return false };
        let (shown, engine) = (Arc::new(Mutex::new(Outputs::default())), self.engine.clone());
        let collected = Arc::clone(&shown);
        let sink = Box::new(move |event| match event {
            // There is no cell under which it could be asked.
            Event::Input(_) => engine.answer(None),
            event => lock(&collected).add(event),
        });
        let outcome = self.engine.answer_move(order, sink).await;
        let mut outputs = std::mem::take(&mut *lock(&shown));
        match &outcome {
            Ok(Some(result)) => outputs.result(result, self.count),
            Ok(None) => {}
            Err(fault) => outputs.error(fault),
        }
        let (Some(id), Some(mover)) = (id, &self.mover) else { return true };
        let contents = lock(&self.widgets).answer(&id, outputs);
        let bytes = contents.iter().map(size).sum();
        self.say(contents, mover);
        tokio::time::sleep(self.pace.step(bytes)).await;
        true
    }

    /// Has front ends know what has become of widgets. There is no reply.
    fn say(&self, contents: Vec<JupyterMessageContent>, request: &JupyterMessage) -> Option<JupyterMessageContent> {
        contents.into_iter().for_each(|content| self.outgoing.iopub.send(message(content, request)));
        None
    }

    async fn execute(&mut self, request: &JupyterMessage, execute: &ExecuteRequest, queued: Vec<Next>) -> ExecuteReply {
        let store = execute.store_history && !execute.silent;
        if store {
            self.count += 1;
        }
        let count = ExecutionCount::new(self.count);
        if !execute.silent {
            let code = execute.code.clone();
            self.publish(ExecuteInput { code, execution_count: count }, request);
        }
        // What was moved before counts in this cell.
        while self.answer_move().await {}
        // JupyterLab says which cells the student has deleted since: they no longer define anything.
        for deleted in request.metadata["deletedCells"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            let cell = Next::new(Some(deleted.to_owned()), String::new());
            let _ = self.engine.execute(cell, self.count, Vec::new(), Box::new(drop)).await;
            self.say(lock(&self.widgets).forget_cell(deleted), request);
        }
        let id = request.metadata["cellId"].as_str().map(str::to_owned);
        // A cell that has been emptied no longer defines what it did.
        let outcome = if execute.code.trim().is_empty() && (id.is_none() || execute.silent) {
            Ok(Value::default())
        } else {
            if !execute.silent {
                let name = id.as_deref().unwrap_or(&execute.code);
                self.say(lock(&self.widgets).begin(name, self.count), request);
            }
            let cell = Next::new(id, execute.code.clone());
            let outcome = self.engine.execute(cell, self.count, queued, self.sink(request, execute)).await;
            if !execute.silent {
                self.say(lock(&self.widgets).end(outcome.is_ok()), request);
            }
            outcome
        };
        if store {
            let output = outcome.as_ref().ok().and_then(|value| value.result.as_ref()).map_or("", plain_text);
            self.history.push(self.count, &execute.code, output);
        }
        match outcome {
            Ok(Value { result, page }) => {
                if let Some(bundle) = result.filter(|_| !execute.silent) {
                    let result = ExecuteResult::new(count, replies::media(&bundle));
                    // Absent, not null: the schema has no null there.
                    self.publish(ExecuteResult { transient: Some(Transient::default()), ..result }, request);
                }
                let expressions = execute.user_expressions.clone().unwrap_or_default();
                ExecuteReply {
                    user_expressions: Some(self.evaluate(expressions).await),
                    payload: page.iter().map(|page| Payload::Page { data: replies::media(page), start: 0 }).collect(),
                    ..self.execute_reply(ReplyStatus::Ok, None)
                }
            }
            Err(fault) => {
                if !execute.silent {
                    self.publish_error(&fault, request);
                }
                self.execute_reply(ReplyStatus::Error, Some(&fault))
            }
        }
    }

    /// What takes a cell's output to the front ends, at the pace that they can take.
    fn sink(&self, request: &JupyterMessage, execute: &ExecuteRequest) -> Sink {
        let (iopub, questions, engine) =
            (self.outgoing.iopub.clone(), self.outgoing.questions.clone(), self.engine.clone());
        let (request, silent, allow_stdin) = (request.clone(), execute.silent, execute.allow_stdin);
        let mut pace = Pace::new();
        // To nbgrader all that comes on stderr is a failure, and a `dbg!` that was left in is none.
        let has_one_stream = is_for_nbgrader();
        // Where nobody can answer a question, nobody moves a slider either.
        let widgets = Some(Arc::clone(&self.widgets)).filter(|_| allow_stdin && !has_one_stream);
        Box::new(move |event| match event {
            Event::Input(Prompt { text, password }) if allow_stdin => {
                questions.send(JupyterMessage::new(InputRequest { prompt: text, password }, Some(&request)));
            }
            Event::Input(_) => engine.answer(None),
            _ if silent => {}
            event => {
                let event = if has_one_stream { event.on_stdout() } else { event };
                iopub.wait_for_room(|| engine.is_interrupted());
                let until = Instant::now() + pace.step(event.size());
                let contents = match &widgets {
                    Some(widgets) => lock(widgets).take_in(event),
                    None => event_content(event).into_iter().collect(),
                };
                contents.into_iter().for_each(|content| iopub.send(message(content, &request)));
                while Instant::now() < until && !engine.is_interrupted() {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        })
    }

    /// Expressions that a front end wants to know after the cell.
    async fn evaluate(&self, expressions: HashMap<String, String>) -> HashMap<String, ExpressionResult> {
        let mut results = HashMap::new();
        for (name, code) in expressions {
            let cell = Next::new(None, code);
            let outcome = self.engine.execute(cell, self.count, Vec::new(), Box::new(drop)).await;
            let result = match outcome {
                Ok(value) => ExpressionResult::Ok {
                    data: value.result.as_ref().map(replies::media).unwrap_or_default(),
                    metadata: Default::default(),
                },
                Err(Fault { ename, evalue, traceback }) => {
                    ExpressionResult::Error { ename: ename.into(), evalue, traceback }
                }
            };
            results.insert(name, result);
        }
        results
    }

    async fn documentation(&self, code: String, position: usize) -> Option<Media> {
        let (plain, markdown) = self.engine.inspect(code, position).await?;
        Some(replies::media(&vec![("text/plain".into(), plain), ("text/markdown".into(), markdown)]))
    }

    fn execute_reply(&self, status: ReplyStatus, fault: Option<&Fault>) -> ExecuteReply {
        ExecuteReply {
            status,
            execution_count: ExecutionCount::new(self.count),
            payload: Vec::new(),
            user_expressions: Some(HashMap::new()),
            error: fault.map(replies::error),
        }
    }

    async fn complete(&mut self, request: &CompleteRequest) -> CompleteReply {
        let position = replies::byte_offset(&request.code, request.cursor_pos);
        let nothing =
            CompleteReply { cursor_start: request.cursor_pos, cursor_end: request.cursor_pos, ..Default::default() };
        let Some(mut found) = self.engine.complete(request.code.clone(), position).await else {
            return nothing;
        };
        // A number has `sin` of its own and of `Scalar`: to who types, they are one.
        let mut seen = HashSet::new();
        found.completions.retain(|completion| seen.insert(completion.code.clone()));
        let start = replies::character_offset(&request.code, found.start);
        let end = replies::character_offset(&request.code, found.end);
        let triples = found.completions.iter().map(|c| (c.code.as_str(), c.kind, c.label.as_str()));
        CompleteReply {
            matches: found.completions.iter().map(|c| c.code.clone()).collect(),
            cursor_start: start,
            cursor_end: end,
            metadata: replies::completion_types(triples, start, end),
            ..Default::default()
        }
    }

    async fn inspect(&mut self, request: &InspectRequest) -> InspectReply {
        let position = replies::byte_offset(&request.code, request.cursor_pos);
        match self.documentation(request.code.clone(), position).await {
            None => InspectReply::default(),
            Some(data) => InspectReply { found: true, data, ..Default::default() },
        }
    }

    fn publish_error(&self, fault: &Fault, request: &JupyterMessage) {
        let Fault { ename, evalue, traceback } = fault.clone();
        self.publish(ErrorOutput { ename: ename.into(), evalue, traceback }, request);
    }

    fn publish(&self, content: impl Into<JupyterMessageContent>, request: &JupyterMessage) {
        self.outgoing.iopub.send(about(content, request));
    }

    fn reply(&self, content: impl Into<JupyterMessageContent>, request: &JupyterMessage) {
        self.outgoing.replies.send(JupyterMessage::new(content, Some(request)));
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(|e| e.into_inner())
}

/// The cells that wait behind the one that is next.
fn queued(requests: &mut Requests, waiting: &mut VecDeque<JupyterMessage>) -> Vec<Next> {
    while let Ok(request) = requests.try_recv() {
        waiting.push_back(request);
    }
    let cell = |request: &JupyterMessage| match &request.content {
        JupyterMessageContent::ExecuteRequest(execute) if !execute.silent => {
            let id = request.metadata["cellId"].as_str().map(str::to_owned);
            // JupyterLab sends a cell's metadata with it.
            let mut tags = request.metadata["tags"].as_array().into_iter().flatten();
            Some(Next::new(id, execute.code.clone()).fails(tags.any(|tag| tag == FAILS)))
        }
        _ => None,
    };
    waiting.iter().filter_map(cell).collect()
}

/// The cells that were posted before the failed one was answered: "Run All" posts all at once, and relies on their being
/// aborted. What else waits keeps its turn.
async fn take_queued_cells(requests: &mut Requests, waiting: &mut VecDeque<JupyterMessage>) -> Vec<JupyterMessage> {
    // Those that are on their way belong to the same click.
    tokio::time::sleep(Duration::from_millis(20)).await;
    while let Ok(request) = requests.try_recv() {
        waiting.push_back(request);
    }
    let is_cell = |request: &JupyterMessage| matches!(request.content, JupyterMessageContent::ExecuteRequest(_));
    let (cells, others): (Vec<_>, Vec<_>) = waiting.drain(..).partition(is_cell);
    waiting.extend(others);
    cells
}

fn plain_text(bundle: &Bundle) -> &str {
    bundle.iter().find(|(mime, _)| mime == "text/plain").map_or("", |(_, text)| text)
}
