"""Lets cells fail in every way in two kernels, and looks at what is left of the variables; see `bench`."""

import argparse
import os
import signal
import time
from dataclasses import dataclass, field

import psutil
import zmq
from bench_kernel import Kernel

ITEMS = """use std::cell::RefCell;
use std::rc::Rc;
struct Knot { next: RefCell<Option<Rc<Knot>>> }"""

SETUP = """let mut n = 1;
let vector = vec![1u8; 100_000_000];
let tape = Tape::new();
let x = tape.var(0.5);
let y = x * x;
let leaf = tensor([1.0, 2.0]).requires_grad();
let square = &leaf * &leaf;
let loss = square.sum();
let knot = Rc::new(Knot { next: RefCell::new(None) });
let other = Rc::new(Knot { next: RefCell::new(Some(knot.clone())) });
*knot.next.borrow_mut() = Some(other.clone());"""

# Each prints true if it is as before.
CHECKS = {
    "n": "n == 1",
    "vector": "vector.len() == 100_000_000 && vector.iter().all(|byte| *byte == 1)",
    "tape": "tape.len() == 2 && y.backward().wrt(x) == 1.0",
    "tensors": "{ loss.backward(); square.to_vec() == [1.0, 4.0] && leaf.grad().to_vec() == [2.0, 4.0] }",
    "Rc": "Rc::ptr_eq(&knot, other.next.borrow().as_ref().unwrap()) && Rc::strong_count(&knot) == 2",
}

REPLY_LIMIT = 30
NEXT_CELL_LIMIT = 20
COMPILERS = ("cargo", "rustc", "cc", "ld", "rust-lld", "collect2")


@dataclass
class Fault:
    name: str
    code: str
    # What happens to the cell from outside, and when it is ready for that.
    act: object = None
    ready: object = None


@dataclass
class Outcome:
    status: str | None
    ename: str = ""
    seconds: float = 0.0
    printed: str = ""


@dataclass
class Progress:
    """What a cell that runs has done so far."""

    kernel: "Patient"
    started: float
    printed: list = field(default_factory=list)
    clocks: dict = field(default_factory=dict)
    busy: int | None = None


class Patient(Kernel):
    def outcome(self, code, limit, act=None, ready=None):
        """Runs a cell, and does something to it when it is ready. The seconds count from there."""
        request = self.client.execute(code, stop_on_error=False)
        channels = {c.socket: c for c in (self.client.shell_channel, self.client.iopub_channel)}
        poller = zmq.Poller()
        for socket in channels:
            poller.register(socket, zmq.POLLIN)
        started = time.perf_counter()
        progress = Progress(self, started)
        content, seconds, idle, deadline = None, 0.0, False, started + limit
        while time.perf_counter() < deadline and not (content and idle):
            if act and content is None and ready(progress):
                act(progress)
                act, started = None, time.perf_counter()
                deadline = started + limit
            for socket, _ in poller.poll(50):
                message = channels[socket].get_msg(timeout=1)
                if message["parent_header"].get("msg_id") != request:
                    continue
                if message["msg_type"] == "execute_reply":
                    content, seconds = message["content"], time.perf_counter() - started
                    # A flood of output may have drowned the idle message.
                    deadline = time.perf_counter() + 3
                elif message["msg_type"] == "stream":
                    progress.printed.append(message["content"]["text"])
                else:
                    idle = idle or message["content"].get("execution_state") == "idle"
        if content is None:
            return Outcome(None)
        return Outcome(content["status"], content.get("ename", ""), seconds, "".join(progress.printed))

    def computing(self, progress):
        """The process that runs the cell: not the kernel itself, no compiler, and busy for half a second."""
        now, seconds = time.perf_counter(), {}
        for process in psutil.Process(self.manager.provisioner.process.pid).children(recursive=True):
            try:
                if process.name() not in COMPILERS and "--control_file" not in process.cmdline():
                    seconds[process.pid] = process.cpu_times().user
            except psutil.NoSuchProcess:
                continue
        for pid, used in seconds.items():
            since, before = progress.clocks.setdefault(pid, (now, used))
            if now - since > 0.5:
                if (used - before) / (now - since) > 0.6:
                    return pid
                progress.clocks[pid] = (now, used)
        return None


def interrupt(progress):
    progress.kernel.manager.interrupt_kernel()


def kill(progress):
    os.kill(progress.busy, signal.SIGKILL)


def computes(progress):
    progress.busy = progress.kernel.computing(progress)
    return progress.busy is not None


def prints(progress):
    return len(progress.printed) > 0


def compiles(progress):
    return time.perf_counter() - progress.started > 2


LOOP = "n += 3; loop { std::hint::black_box(1); }"
FAULTS = [
    Fault("panic", 'n += 3; panic!("on purpose");'),
    Fault("`?` on an `Err`", 'n += 3; let m: i32 = "abc".parse()?;'),
    Fault("failed assertion", "n += 3; assert_eq!(n, 5);"),
    Fault("stack overflow", "fn deep(n: u64) -> u64 { let a = std::hint::black_box([n; 64]); deep(n + 1) + a[9] }\n"
          "n += 3; deep(0)"),
    Fault("write to a null pointer", "n += 3; unsafe { std::ptr::null_mut::<i32>().write_volatile(1); }"),
    Fault("abort", "n += 3; std::process::abort();"),
    Fault("exit(3)", "n += 3; std::process::exit(3);"),
    Fault("64 TiB of memory", "n += 3; let huge = vec![0u8; 1 << 46];"),
    Fault("interrupt of a silent loop", LOOP, interrupt, computes),
    Fault("interrupt of a printing loop", 'n += 3; loop { println!("still here"); }', interrupt, prints),
    Fault(
        "interrupt of a compilation",
        "#[allow(long_running_const_eval)]\n"
        "const SLOW: u64 = { let mut i = 0; while i < 1_000_000_000 { i += 1; } i };\nn += SLOW;",
        interrupt,
        compiles,
    ),
    Fault("SIGKILL from outside", LOOP, kill, computes),
]


class Ward:
    """A kernel of one kind, and a new one in its place when it no longer answers."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.patient = None

    def setup(self):
        for _ in range(2):
            self.patient = self.patient or Patient(self.kernel)
            if all(self.patient.outcome(code, 60).status == "ok" for code in (ITEMS, SETUP)):
                return
            self.stop()
        raise RuntimeError("the set-up cells fail in a new kernel")

    def stop(self):
        if self.patient:
            self.patient.stop()
            self.patient = None

    def suffer(self, fault):
        """One cell of the table."""
        self.setup()
        outcome = self.patient.outcome(fault.code, REPLY_LIMIT, fault.act, fault.ready)
        if outcome.status is None:
            self.stop()
            return f"**no reply** in {REPLY_LIMIT} s"
        error = outcome.ename or "no name" if outcome.status == "error" else "**no error**"
        if self.patient.outcome("1 + 1", NEXT_CELL_LIMIT).status != "ok":
            self.stop()
            return f"{error}, {outcome.seconds:.1f} s, **no next cell**"
        survived = [name for name, check in CHECKS.items() if self.is_as_before(check)]
        if len(survived) == len(CHECKS):
            return f"{error}, all, {outcome.seconds:.1f} s"
        return f"{error}, **{' '.join(survived) or 'nothing'}**, {outcome.seconds:.1f} s"

    def is_as_before(self, check):
        return self.patient.outcome(f'println!("{{}}", {check});', NEXT_CELL_LIMIT).printed.strip() == "true"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="a part of its name")
    options = parser.parse_args()
    chosen = [f for f in FAULTS if not options.faults or any(part in f.name for part in options.faults)]
    wards = {name: Ward(name) for name in ("adlab", "stock")}
    print(f"What survives, of {', '.join(CHECKS)}:\n")
    print("| fault | adlab: error, survived, reply | stock: error, survived, reply |\n|---|---|---|")
    try:
        for fault in chosen:
            print(f"| {fault.name} | " + " | ".join(ward.suffer(fault) for ward in wards.values()) + " |", flush=True)
    finally:
        for ward in wards.values():
            ward.stop()


if __name__ == "__main__":
    main()
