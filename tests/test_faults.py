"""Whatever a cell does, every variable and definition from before it is there afterwards, and the next cell runs."""

import contextlib
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest
from conftest import notes

# Variables of several kinds, and what to see of them.
BEFORE = """
let mut n = 1;
let mut bytes = vec![7u8; 100_000_000];
let tape = Tape::new();
let x = tape.var(0.5);
let y = x * 4.2 + x.sin();
let w = tensor([1.0, 2.0]).requires_grad();
let loss = (&w * &w).sum();
use std::{cell::RefCell, rc::Rc};
struct Node { value: i32, next: RefCell<Option<Rc<Node>>> }
let a = Rc::new(Node { value: 1, next: RefCell::new(None) });
let b = Rc::new(Node { value: 2, next: RefCell::new(Some(a.clone())) });
*a.next.borrow_mut() = Some(b.clone());
fn double(x: i32) -> i32 { 2 * x }
"""
# Each fault first spoils them.
SPOIL = "n += 3; bytes[5] = 0; *a.next.borrow_mut() = None; loss.backward(); drop(tape);"
AFTER = """(
    n, bytes.len(), bytes[5], y.value(), w.try_grad().is_err(), loss.item(),
    a.next.borrow().as_ref().unwrap().value, Rc::strong_count(&b), double(21), tape.len()
)"""
INTACT = "(1, 100000000, 7, 2.579425538604203, true, 5.0, 2, 2, 42, 4)"

FAULTS = {
    "panic": ('panic!("half way");', "Panic", "half way"),
    "assertion": ("assert_eq!(n, 1);", "Panic", "assertion `left == right` failed"),
    "question mark": ('let z: i32 = "no".parse()?;', "Err", "invalid digit"),
    "stack overflow": ("fn deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { 1 + deep(n + 1) } } deep(0)", "Crash", "the stack"),
    "null pointer": ("unsafe { std::ptr::null_mut::<i32>().write_volatile(1) };", "Crash", "memory that isn't its own"),
    "abort": ("std::process::abort();", "Crash", "aborted"),
    "exit": ("std::process::exit(3);", "Crash", "exit code 3"),
    "too much memory": ("let big = vec![1u8; 3_000_000_000]; big.len()", "Crash", "more memory than it may have (2.0 GB"),
    "more and more memory": ("let mut all = Vec::new(); loop { all.push(vec![1u8; 10_000_000]); }", "Crash", "more memory"),
    "killed by itself": (
        'std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status()?;',
        "Crash",
        "killed from outside",
    ),
}


@pytest.fixture(scope="module")
def kernel(started):
    kernel = started(ADLAB_MEMORY="2G")
    reply, messages = kernel.run(BEFORE)
    assert reply["status"] == "ok", reply
    assert kernel.text(AFTER) == INTACT
    return kernel


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_all_is_as_before(kernel, fault):
    code, ename, evalue = FAULTS[fault]
    reply, messages = kernel.run(SPOIL + code)
    assert (reply["status"], reply["ename"]) == ("error", ename), reply
    assert evalue in reply["evalue"] and "\n" not in reply["evalue"]
    assert [m["content"]["ename"] for m in messages if m["msg_type"] == "error"] == [ename]
    assert kernel.text(AFTER) == INTACT


ENDLESS = {
    "without output": "loop { std::hint::black_box(1); }",
    "with output": 'loop { println!("still here"); }',
    "asleep": "std::thread::sleep(std::time::Duration::from_secs(1000));",
    "waiting for input": 'input("what? ")',
}


@pytest.mark.parametrize("loop", ENDLESS)
def test_an_interrupt_takes_effect_at_once(kernel, loop):
    request = kernel.send(SPOIL + ENDLESS[loop], allow_stdin=True)
    wait_until_it_runs(kernel)
    took, reply = interrupt(kernel, request)
    assert reply["ename"] == "Interrupted" and took < 0.5, took
    assert kernel.text(AFTER) == INTACT


def test_an_interrupt_takes_effect_while_a_cell_compiles(kernel):
    functions = [f"fn g{i}(x: f64) -> f64 {{ let v: Vec<f64> = (0..9).map(|k| x * k as f64).collect(); v[{i} % 9] }}" for i in range(300)]
    code = "\n".join(functions) + "\nlet t = (" + " + ".join(f"g{i}(1.0)" for i in range(300)) + ");"
    for delay in (0.1, 0.4, 0.8):
        request = kernel.send(code)
        time.sleep(delay)
        took, reply = interrupt(kernel, request)
        assert reply["ename"] == "Interrupted" and took < 0.5, (delay, took)
    assert kernel.text(AFTER) == INTACT


def test_a_cell_that_is_killed_from_outside(kernel):
    request = kernel.send(SPOIL + "loop { std::hint::black_box(1); }")
    wait_until_it_runs(kernel).kill()
    reply = kernel.reply(request)
    assert reply["ename"] == "Crash" and "killed from outside" in reply["evalue"]
    assert kernel.text(AFTER) == INTACT


def test_an_interrupt_while_much_is_on_its_way(kernel):
    code = SPOIL + 'print!("{}", "x".repeat(5_000_000)); loop { std::hint::black_box(1); }'
    request = kernel.send(code)
    time.sleep(1)
    took, reply = interrupt(kernel, request)
    assert reply["ename"] == "Interrupted" and took < 0.5, took
    assert kernel.text(AFTER) == INTACT


# A copy of its process that a cell makes, and one that has let go of all that it did not open.
COPIES = {
    "a copy that ends with the cell": ("if fork() == 0 { n += 1; }", "ok"),
    "a copy that stays": ("if fork() == 0 { std::thread::sleep(std::time::Duration::from_secs(2)); }", "ok"),
    "a copy that stays, and a panic": ('if fork() == 0 { loop { unsafe { pause(); } } } panic!("here");', "Panic"),
    "a copy that stays, and a crash": ("if fork() == 0 { loop { unsafe { pause(); } } } std::process::abort();", "Crash"),
    "all descriptors closed": ("for fd in 3..64 { unsafe { close(fd); } }", "Crash"),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_cell_that_copies_its_process(kernel, copy):
    code, ending = COPIES[copy]
    declarations = 'unsafe extern "C" { safe fn fork() -> i32; fn pause() -> i32; fn close(fd: i32) -> i32; }'
    reply, _ = kernel.run(f"{{ {declarations} {code} }}")
    assert reply.get("ename", "ok") == ending, reply
    assert kernel.text(AFTER) == INTACT
    assert kernel.text("1 + 1") == "2"


def test_an_interrupt_between_cells_changes_nothing(kernel):
    kernel.manager.interrupt_kernel()
    time.sleep(0.3)
    assert kernel.text(AFTER) == INTACT


def test_threads_are_told_of_once(kernel):
    kernel.run('std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(4)));')
    first, second = (kernel.run("1")[1] for _ in range(2))
    assert "threads running" in notes(first) and not notes(second)
    # What reads notebooks takes text on stderr for a failure.
    assert not [m for m in first if m["msg_type"] == "stream"]
    deadline = time.time() + 30
    while any(p.num_threads() > 1 for p in cells(kernel)) and time.time() < deadline:
        time.sleep(0.1)
    # They have ended: cells are protected again.
    assert kernel.run(SPOIL + "std::process::abort();")[0]["ename"] == "Crash"
    assert kernel.text(AFTER) == INTACT


def test_what_is_lost_is_said_to_be_lost(started):
    kernel = started()
    kernel.run("let gone = 1; fn stays() -> i32 { 5 } std::thread::spawn(|| loop { std::thread::park(); });")
    reply, _ = kernel.run("std::process::abort();")
    assert reply["ename"] == "Crash" and "all variables are lost" in reply["evalue"]
    assert kernel.run("gone")[0]["ename"] == "CompileError"
    assert kernel.text("stays()") == "5"
    reply, _ = kernel.run("let back = 1;\npanic!(\"told well\");")
    assert (reply["ename"], reply["evalue"]) == ("Panic", "told well") and "line 2" in "\n".join(reply["traceback"])


def test_a_cell_that_is_sent_at_once_runs_once(fresh_kernel):
    # Its types are guessed, while the analysis is not ready; a guess that fails is made good, but not after the cell ran.
    reply, messages = fresh_kernel.run('let n = 1; println!("once"); panic!("after {n}");')
    assert reply["ename"] == "Panic" and reply["evalue"] == "after 1"
    assert "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream") == "once\n"


def test_a_guess_that_fails_is_made_good(fresh_kernel):
    assert fresh_kernel.text("fn half(x: f32) -> f32 { x / 2.0 } let x = 3.0; half(x)") == "1.5"
    assert fresh_kernel.text("half(x)") == "1.5"


# In place of the compiler: for one cell it reports an error that begins in the cell's last line, which evcxr has put first,
# and ends in its first; evcxr panics on that.
COMPILER = """#!/bin/sh
real={real}
case "$*" in *"--crate-name ctx"*)
  this=$(grep -n 'let this' src/lib.rs | cut -d: -f1)
  that=$(grep -n 'fn that' src/lib.rs | cut -d: -f1)
  if [ -n "$this" ]; then
    span() {{ printf '{{"file_name":"src/lib.rs","byte_start":0,"byte_end":1,"line_start":%s,"line_end":%s,"column_start":1,"column_end":2,"is_primary":true,"text":[],"label":"here","suggested_replacement":null,"suggestion_applicability":null,"expansion":null}}' "$1" "$2"; }}
    printf '{{"$message_type":"diagnostic","message":"broken","code":null,"level":"error","spans":[%s,%s],"children":[],"rendered":"broken"}}\\n' "$(span "$this" "$this")" "$(span "$that" "$this")" >&2
    exit 1
  fi ;;
esac
exec "$real" "$@"
"""


def test_a_panic_of_the_compiler_s_front_end_is_survived(started, tmp_path):
    kernel = started(ADLAB_CELL_CACHE="0")
    kernel.run("let before = 1;")
    session = next(p.environ()["ADLAB_SESSION"] for p in cells(kernel))
    compiler = tmp_path / "rustc"
    compiler.write_text(COMPILER.format(real=subprocess.check_output(["rustup", "which", "rustc"], text=True).strip()))
    compiler.chmod(0o755)
    Path(session, "tools", "real-rustc").write_text(str(compiler))
    assert kernel.text("before") == "1"
    reply, _ = kernel.run("let this: i32 = 1;\n\nfn that() {}", timeout=120)
    assert reply["ename"] == "KernelError" and "started anew" in reply["evalue"]
    assert kernel.text("Dual::variable(2.0)") == "2 + 1ε"
    assert kernel.run("before")[0]["ename"] == "CompileError"


def test_clear_is_whole_whenever_it_is_interrupted(started):
    kernel = started()
    # Behind questions it waits for its turn, and may be interrupted before it has begun: then nothing has changed.
    for questions, delay in ((0, 0.0), (0, 0.05), (0, 0.2), (0, 0.4), *[(k, 0.0) for k in (1, 2, 3, 3)]):
        assert kernel.run("let before = 1; fn f() -> i32 { 5 }")[0]["status"] == "ok"
        for _ in range(questions):
            kernel.client.complete("Dual::variable(2.0).", 20)
        request = kernel.send(":clear")
        time.sleep(delay)
        kernel.manager.interrupt_kernel()
        reply = kernel.reply(request)
        # If it came late, it must not meet the next cell.
        time.sleep(0.3)
        assert kernel.text("Dual::variable(2.0)") == "2 + 1ε"
        left = [kernel.run(code)[0].get("ename") for code in ("before", "f()")]
        if reply["status"] == "ok":
            assert left == ["CompileError", "CompileError"]
        else:
            assert (reply["ename"], left) == ("Interrupted", [None, None])


def test_code_beyond_all_measure_is_refused(kernel):
    for code in ("(" * 20_000 + ")" * 20_000, "let v = " + "[" * 5000 + "]" * 5000 + ";"):
        assert "deep in each other" in kernel.run(code)[0]["evalue"]
        assert kernel.reply(kernel.client.is_complete(code))["status"] in ("complete", "invalid", "unknown")
        assert kernel.reply(kernel.client.complete(code, len(code)))["matches"] == []
        assert kernel.reply(kernel.client.inspect(code, len(code)))["found"] is False
    assert kernel.text(AFTER) == INTACT


def cells(kernel):
    """The processes that run cells: the kernel's children of its own name, but the one that tidies up."""
    found = []
    for process in psutil.Process(kernel.manager.provisioner.process.pid).children(recursive=True):
        # A compiler may end while it is looked at.
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == "adlab" and "ADLAB_JANITOR" not in process.environ():
                found.append(process)
    return found


def wait_until_it_runs(kernel):
    """The process that runs the cell: the parent of its own snapshot."""
    deadline = time.time() + 30
    while time.time() < deadline:
        for process in cells(kernel):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.children():
                    return process
        time.sleep(0.02)
    raise TimeoutError("the cell does not run")


def interrupt(kernel, request):
    """Seconds from the interrupt to the cell's reply, and the reply."""
    # What a flood of output has left in the queue must not count.
    drain = threading.Thread(target=lambda: list(kernel.outputs(request)))
    drain.start()
    started = time.time()
    kernel.manager.interrupt_kernel()
    reply = kernel.reply(request)
    took = time.time() - started
    drain.join()
    return took, reply
