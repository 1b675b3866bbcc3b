"""The next cells are compiled before they are run: the same comes of them, nobody waits for it, and nothing is left behind."""

import json
import os
import re
import signal
import subprocess
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
import pytest
from conftest import ADLAB, ROOT, SOLUTIONS, Session
from test_edits import CASES, REMOVED
from test_field import CASES as FIELD
from test_field import cells as cells_of_field

# What is another in each session.
CHANGES = re.compile(r"/tmp/adlab-[\w-]+|ThreadId\(\d+\)|0x[0-9a-f]{6,}")


def write(path, cells):
    """A notebook of these names and codes. Jupyter writes it whole, and so does this."""
    made = [nbformat.v4.new_code_cell(code, id=re.sub(r"\W", "-", name or f"cell-{i}")[:64]) for i, (name, code) in enumerate(cells)]
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))
    new.rename(path)


def shown(messages):
    """What the student sees of a cell in the end: how many of a picture's changes are shown on the way is a matter of time."""
    seen, places = [], {}
    for message in messages:
        kind, content = message["msg_type"], message["content"]
        if kind == "stream" and seen and seen[-1][0] == content["name"]:
            seen[-1] = (content["name"], seen[-1][1] + content["text"])
        elif kind == "stream":
            seen.append((content["name"], content["text"]))
        elif kind != "execute_input":
            place = places.setdefault(content.get("transient", {}).get("display_id", len(seen)), len(seen))
            what = "display_data" if kind == "update_display_data" else kind
            seen[place : place + 1] = [(what, json.dumps({key: content.get(key) for key in ("data", "ename", "evalue", "traceback")}, sort_keys=True))]
    return [(kind, CHANGES.sub("*", text)) for kind, text in seen]


def all_at_once(session, cells):
    """Posts all cells, as "Run All" does, and gives what comes of each."""
    requests = [session.send(code, cell=name, stop_on_error=False) for name, code in cells]
    messages, open_ones = {request: [] for request in requests}, set(requests)
    while open_ones:
        message = session.client.get_iopub_msg(timeout=120)
        request = message["parent_header"].get("msg_id")
        if request in open_ones and message["content"].get("execution_state") == "idle":
            open_ones.remove(request)
        elif request in open_ones and message["msg_type"] != "status":
            messages[request].append(message)
    return [shown(messages[request]) for request in requests]


def ready(session):
    return [int(number) for number in re.findall(r"\d+", session.text(":ahead").split("In this session")[1])]


def until(holds, what, seconds=60):
    deadline = time.time() + seconds
    while not holds():
        assert time.time() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def reader(tmp_path):
    """Starts kernels for a notebook, as a Jupyter server does."""
    sessions = []

    def start(cells, **environment):
        path = tmp_path / "n.ipynb"
        write(path, cells)
        variables = {"JPY_SESSION_NAME": str(path), "ADLAB_CELL_CACHE": str(tmp_path / "cells")} | environment
        sessions.append(Session(cwd=str(tmp_path), **variables))
        sessions[-1].folder_of_notebook, sessions[-1].cache = tmp_path, tmp_path / "cells"
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


@pytest.fixture(scope="module")
def both(started, tmp_path_factory):
    """A kernel with it, and one without, each with a cache of its own."""
    return [started(ADLAB_AHEAD=ahead, ADLAB_CELL_CACHE=str(tmp_path_factory.mktemp("cells"))) for ahead in "10"]


def agree(both, cells):
    for session in both:
        assert session.run(":clear", store_history=False)[0]["status"] == "ok"
    with ThreadPoolExecutor(2) as threads:
        with_it, without = threads.map(lambda session: all_at_once(session, cells), both)
    for (name, code), one, other in zip(cells, with_it, without, strict=True):
        assert one == other, (name, code)


@pytest.mark.parametrize("case", [*CASES, *REMOVED])
def test_edits_come_to_the_same(both, case):
    agree(both, [(f"{case}, {name}", code) for name, code, _ in (CASES | REMOVED)[case]])


# Of these, no two runs are alike: how far it had come when it was looked, and which of two equal items is named.
UNLIKE = ["more-output-than-a-page-bears", "what-a-macro-has-made"]
# A third, and the same ones when others come.
SOME = [path for path in FIELD if zlib.crc32(path.stem.encode()) % 3 == 0 and path.stem not in UNLIKE]


@pytest.mark.parametrize("path", SOME, ids=lambda path: path.stem)
def test_so_does_what_was_met_in_the_field(both, path):
    cells = [(name and f"{path.stem}-{name}", code) for name, code, _ in cells_of_field(path.read_text())]
    agree(both, cells)


@pytest.mark.parametrize("path", [*SOLUTIONS, *sorted((ROOT / "notebooks").glob("*.ipynb"))], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_so_do_the_lessons(both, path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    # What it prints may be times.
    agree(both, [(cell.id, cell.source) for cell in cells if "nbval-ignore-output" not in cell.metadata.get("tags", [])])


def test_cells_were_ready(both):
    agree(both, CELLS)
    ready_ones, run, _ = ready(both[0])
    assert ready_ones > run / 3, (ready_ones, run)
    assert "ADLAB_AHEAD is 0" in both[1].text(":ahead")


CELLS = [
    ("a", "let xs = vec![1.0, 2.0];"),
    ("b", "fn total(xs: &[f64]) -> f64 { xs.iter().sum() }"),
    ("c", "let moved = xs; moved.len()"),
    ("d", "total(&moved)"),
    ("e", 'println!("{}", total(&moved) * 2.0);'),
]


# Several are compiled in one go, in which each is a module: what could tell, and what goes from one to the next.
TOGETHER = [
    "#[derive(Debug, Clone, PartialEq)]\nstruct P<T> { x: T }\nenum Kind { One(P<f64>), Two }\ntrait Area { fn area(&self) -> f64; }",
    "impl Area for P<f64> { fn area(&self) -> f64 { self.x * 2.0 } }\nlet p = P { x: 1.5 };\nlet all: Vec<Box<dyn Area>> = vec![Box::new(p.clone())];",
    'let map = std::collections::HashMap::from([("a", Some(p.clone()))]);\nlet kind = Kind::One(p.clone());\np.area()',
    'println!("{:?} {}", map["a"], all.iter().map(|a| a.area()).sum::<f64>());',
    "match &kind { Kind::One(p) => p.x, Kind::Two => 0.0 }",
    "let shared = std::rc::Rc::new(std::cell::RefCell::new(vec![p.clone()]));",
    "shared.borrow_mut().push(P { x: 2.0 });\nshared.borrow().len()",
    'println!("{} {}", std::any::type_name::<P<f64>>(), module_path!());',
    'println!("{}", file!());',
    'println!("{:?}", std::marker::PhantomData::<P<f64>>);',
    "#[track_caller]\nfn here() -> &'static str { std::panic::Location::caller().file() }\nhere()",
    "fn place() -> &'static str { concat!(file!(), \"!\") }\nplace()",
    "let anything: Box<dyn std::any::Any> = Box::new(p.clone());",
    "anything.downcast_ref::<P<f64>>().is_some()",
    '#[derive(Debug)]\nstruct Mine;\nimpl std::fmt::Display for Mine { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, "mine") } }\n'
    "impl std::error::Error for Mine {}\nlet error: Box<dyn std::error::Error> = Box::new(Mine);",
    "error.downcast_ref::<Mine>().is_some()",
    "use std::sync::atomic::{AtomicUsize, Ordering};\nstatic COUNT: AtomicUsize = AtomicUsize::new(0);\nfn next() -> usize { COUNT.fetch_add(1, Ordering::SeqCst) }",
    "next()",
    "next()",
    "impl From<P<f64>> for f64 { fn from(p: P<f64>) -> f64 { p.x } }\nlet y: f64 = p.clone().into();\ny",
    "let z: f64 = 2.0_f32.into();\nz",
    "macro_rules! make { ($name:ident) => { struct $name(f64); } }\nmake!(Made);",
    "let made = Made(3.0);",
    "made.0",
    "mod inner { pub fn twice(x: f64) -> f64 { super::double(x) } }\nfn double(x: f64) -> f64 { 2.0 * x }\ninner::twice(4.0)",
    "let wrong: u8 = 300;",
    "p.nothing()",
    "let numbers = [1, 2, 3];\nnumbers[numbers.len()]",
    'let outcome = std::panic::catch_unwind(|| panic!("caught"));\noutcome.is_err()',
    'std::thread::spawn(|| panic!("in a thread")).join().is_err()',
    "dbg!(p.x)",
    "#[derive(Debug)]\nstruct P<T> { x: T, y: T }",
    "p",
    'println!("{}", y + z);',
]


def test_what_is_compiled_together_can_t_tell(both):
    agree(both, [(f"together-{place}", code) for place, code in enumerate(TOGETHER)])


def test_cells_are_compiled_together(started, tmp_path):
    """In one library there are the entries of several, and its copies end with the names of one each."""
    cells = [(f"c{number}", f"fn f{number}(x: f64) -> f64 {{ x * {number}.0 }}\nf{number}(2.0)") for number in range(12)]
    session = started(ADLAB_CELL_CACHE=str(tmp_path))
    assert [value for _, value in sum(all_at_once(session, cells), [])]
    ends = [path.read_bytes()[-30:] for path in tmp_path.glob("*/library")]
    assert sum(end.startswith(b"run_user_code_") for end in ends) >= 4, ends


def compiled(session):
    return len([entry for entry in session.cache.iterdir() if entry.is_dir()]) if session.cache.exists() else 0


def test_a_reader_finds_cells_ready_and_hears_nothing_of_it(reader):
    session = reader(CELLS)
    # Beside evcxr's own first cell and the prelude. A cell that moves a variable is compiled twice: evcxr mends it.
    until(lambda: compiled(session) >= 2 + len(CELLS), "all are compiled")
    with pytest.raises(Exception):
        while session.client.get_iopub_msg(timeout=0.5)["msg_type"] == "status":
            pass
    values = [session.text(code, cell=name) for name, code in CELLS]
    assert values == ["", "", "2", "3.0", "6\n"]
    assert ready(session)[:2] == [5, 5]
    folder = session_folder(session)
    assert not list(folder.glob("build/target/*/debug/ahead-*")) and not list(folder.glob("rehearses-*"))


def test_an_answer_changes_what_follows(reader):
    stub = 'fn f(x: f64) -> f64 { todo!("your answer") }'
    session = reader([("a", "let y = 2.0;"), ("f", stub), ("check", "assert_eq!(f(y), 6.0);"), ("more", "f(1.0)")])
    session.text("let y = 2.0;", cell="a")
    assert session.run(stub, cell="f")[0]["status"] == "ok"
    assert session.run("assert_eq!(f(y), 6.0);", cell="check")[0]["ename"] == "Panic"
    assert session.text("fn f(x: f64) -> f64 { 3.0 * x }", cell="f") == ""
    before = compiled(session)
    until(lambda: compiled(session) >= before + 2, "what follows the answer is compiled")
    assert session.text("assert_eq!(f(y), 6.0);", cell="check") == ""
    assert session.text("f(1.0)", cell="more") == "3.0"
    assert ready(session)[0] >= 2


def test_what_is_not_there_yet_is_not_guessed(reader, tmp_path):
    session = reader(CELLS[:1])
    assert session.text("let n = 1;", cell="not-saved") == ""
    write(tmp_path / "n.ipynb", [("other", "4 + 4"), ("not-saved", "let n = 1;"), ("b", "n + 1")])
    assert session.text("let n = 1;", cell="not-saved") == ""
    (tmp_path / "n.ipynb").write_text('{"nbformat": 4, "cel')
    assert session.text("n + 1", cell="b") == "2"
    (tmp_path / "n.ipynb").unlink()
    assert session.text("n + 2", cell="c") == "3"


def test_files_and_the_environment_are_read_when_the_cell_is_run(reader, tmp_path):
    (tmp_path / "text.txt").write_text("before")
    reads = 'let text = include_str!("text.txt").to_owned();'
    session = reader([("a", "let a = 1;"), ("b", reads), ("c", "text"), ("d", "a + 1")])
    session.text("let a = 1;", cell="a")
    until(lambda: compiled(session) >= 2 + 3, "all others are compiled")
    (tmp_path / "text.txt").write_text("after")
    session.text(reads, cell="b")
    assert session.text("text", cell="c") == '"after"'


def test_an_error_is_not_shown_before_its_cell_is_run(reader):
    wrong = 'let wrong: f64 = "text";'
    session = reader([("a", "let a = 1;"), ("b", wrong), ("c", "a + 1")])
    session.text("let a = 1;", cell="a")
    until(lambda: list(session_folder(session).glob("build/target/*/debug/refused-*")), "it is known not to compile")
    with pytest.raises(Exception):
        session.client.get_iopub_msg(timeout=0.5)
    reply, _ = session.run(wrong, cell="b")
    alone = reader([("a", "")], ADLAB_AHEAD="0")
    alone.text("let a = 1;", cell="a")
    assert reply == alone.run(wrong, cell="b")[0]
    assert session.text("a + 1", cell="c") == "2"


def session_folder(session):
    for process in processes(session):
        folder = environment(process).get("ADLAB_SESSION")
        if folder and folder.startswith("/"):
            return Path(folder)
    raise LookupError


def environment(process):
    try:
        return process.environ()
    except psutil.Error:
        return {}


def processes(session):
    kernel = psutil.Process(session.manager.provisioner.process.pid)
    return [kernel, *kernel.children(recursive=True)]


def those(session, of):
    """Some of its processes. Others end while one looks."""
    found = []
    for process in processes(session):
        with suppress(psutil.NoSuchProcess):
            if of(process):
                found.append(process)
    return found


def compilers(session):
    return those(session, lambda process: process.name() in ("ahead", "rustc"))


# Its types take a compiler some seconds.
LONG = "".join(f"fn long{i}(v: Vec<f64>) -> Vec<String> {{ v.iter().map(|x| x * {i}.0).map(|x| format!(\"{{x:?}} {i}\")).collect() }}\n" for i in range(300))
LONG += "let n: usize = " + " + ".join(f"long{i}(vec![1.0]).len()" for i in range(300)) + ";"


def test_another_cell_is_not_in_its_way(reader):
    session = reader([("a", "let a = 1;"), ("long", LONG), ("c", "n")])
    session.text("let a = 1;", cell="a")
    until(lambda: compilers(session), "a compiler runs ahead")
    until(lambda: all(process.nice() > 0 for process in compilers(session)), "it gives way to others")
    assert session.text("a + 1", cell="other") == "2"
    # It has begun anew since, or is about to.
    assert session.text("a + 2", cell="other") == "3"


def test_what_is_being_compiled_is_not_compiled_again(reader):
    session = reader([("a", "let a = 1;"), ("long", LONG), ("c", "n")])
    session.text("let a = 1;", cell="a")
    until(lambda: compilers(session), "a compiler runs ahead")
    assert session.text(LONG, cell="long", timeout=120) == "" and session.text("n", cell="c") == "300"


def test_what_is_ended_leaves_no_zombies(reader):
    session = reader([("a", "let a = 1;"), ("long", LONG)])
    session.text("let a = 1;", cell="a")
    until(lambda: those(session, lambda process: process.name() == "rustc"), "a compiler runs ahead")
    (session.folder_of_notebook / "n.ipynb").unlink()
    session.text("a + 1", cell="other")
    zombies = lambda: those(session, lambda process: process.status() == psutil.STATUS_ZOMBIE)
    until(lambda: not compilers(session) and not zombies(), f"left: {zombies()}")


def test_what_can_t_be_compiled_is_not_tried_again_and_again(reader):
    # No error about the source: it might pass.
    unlinked = '#[link(name = "adlab-is-not-there")] unsafe extern "C" { fn nothing(); }\nunsafe { nothing() };'
    session = reader([("a", "let a = 1;"), ("b", unlinked), ("c", "a + 1")])
    session.text("let a = 1;", cell="a")
    until(lambda: compilers(session), "a compiler runs ahead")
    seen = time.time()
    deadline = seen + 60
    while time.time() < seen + 2:
        assert time.time() < deadline, "it is compiled again and again"
        seen = time.time() if compilers(session) else seen
        time.sleep(0.02)
    assert session.run(unlinked, cell="b")[0]["status"] == "error"


def test_explain_is_about_cells_that_were_run(reader):
    session = reader([("a", "let a = 1;"), ("b", 'let wrong: f64 = "text";'), ("c", "a + 1")])
    session.text("let a = 1;", cell="a")
    until(lambda: list(session_folder(session).glob("build/target/*/debug/refused-*")), "it is known not to compile")
    time.sleep(0.3)
    assert "No last error" in session.run(":explain")[0]["evalue"]


def test_an_interrupt_counts_while_cells_are_rehearsed(reader):
    """It may come at any moment of a cell that is queued: none of the others runs."""
    session = reader([("x", "1")])
    session.text("let mut count = 0;")
    for wait in (0, 0, 0.005, 0.02, 0.05, 0.1, 0.3):
        requests = [session.send(f"count += 1; let spin_{i} = {i}; loop {{}}") for i in range(4)]
        # An interrupt has a socket of its own, and may overtake them.
        while session.client.get_iopub_msg(timeout=60)["parent_header"].get("msg_id") != requests[0]:
            pass
        time.sleep(wait)
        session.manager.interrupt_kernel()
        replies = [session.reply(request)["status"] for request in requests]
        assert replies[0] == "error" and set(replies[1:]) == {"aborted"}, (wait, replies)
    assert session.text("count") == "0"


@pytest.mark.parametrize("end", ["shutdown", "kill"])
def test_nothing_is_left(reader, end):
    session = reader([("a", "let a = 1;"), ("long", LONG)])
    session.text("let a = 1;", cell="a")
    until(lambda: compilers(session), "a compiler runs ahead")
    folder, all_of_them = session_folder(session), processes(session)
    if end == "kill":
        os.kill(session.manager.provisioner.process.pid, signal.SIGKILL)
    else:
        session.manager.shutdown_kernel()
    named = lambda: [p for p in psutil.process_iter() if environment(p).get("ADLAB_SESSION") == str(folder)]
    until(lambda: not named() and not folder.exists(), f"left: {folder}, {all_of_them}")


def test_a_process_that_ends_while_one_reads_is_missed_as_ever(reader):
    said = []
    for ahead in "10":
        session = reader(CELLS, ADLAB_AHEAD=ahead)
        session.text("let kept = 1;", cell="new")
        runtime = [process for process in processes(session) if process.pid in stdin_owners(session)]
        assert runtime
        for process in runtime:
            process.kill()
        session.text(":ahead")
        time.sleep(1)
        said.append([session.run("kept", cell="k")[0].get("evalue"), session.run("kept", cell="k")[0].get("evalue")])
    assert said[0] == said[1] and said[0][0], said


def stdin_owners(session):
    """The process that runs cells is in the name of the socket by which it is asked."""
    return {int(found[1]) for name in os.listdir(session_folder(session)) if (found := re.search(r"\.in(\d+)$", name))}


def what_stays(path):
    """A notebook without what is other each time, such as seconds."""
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if "nbval-ignore-output" in cell["metadata"].get("tags", []):
            cell["outputs"] = []
    return json.dumps(notebook)


def test_run_comes_to_the_same(tmp_path):
    written = []
    for ahead in "10":
        environment = os.environ | {"ADLAB_AHEAD": ahead, "ADLAB_CELL_CACHE": str(tmp_path / f"cells-{ahead}")}
        subprocess.run([ADLAB, "run", "--output", tmp_path / ahead, *SOLUTIONS], check=True, env=environment, capture_output=True)
        written.append({path.name: CHANGES.sub("*", what_stays(path)) for path in (tmp_path / ahead).rglob("*.ipynb")})
    assert written[0] == written[1] and len(written[0]) == len(SOLUTIONS)


def test_doctor_tells_of_it(tmp_path):
    def doctor(**environment):
        return subprocess.run([ADLAB, "doctor"], env=os.environ | environment, capture_output=True, text=True).stdout

    cells = tmp_path / "cells"
    cells.mkdir()
    (cells / "ahead").write_text("10 7 1\n5 5 0\n")
    assert "in the last 2 sessions, 12 of 15 cells were ready when they were run; 1 were compiled in vain" in doctor(ADLAB_CELL_CACHE=str(cells))
    assert "ADLAB_AHEAD is 0" in doctor(ADLAB_AHEAD="0") and "ADLAB_CELL_CACHE is 0" in doctor(ADLAB_CELL_CACHE="0")
