"""Cells that are marked can't harm: what is in `tests/hostile` is tried, and looked for by its effect."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from conftest import ADLAB, ROOT, Session
from test_processes import inherited, nothing_remains, processes, session_folder

HOSTILE = sorted((ROOT / "tests" / "hostile").glob("*.txt"))
CASE = re.compile(r"^== (.*?)(?: \[control: (\w+)\])?\n(.*?)(?=^== |\Z)", re.MULTILINE | re.DOTALL)
CASES = [(path.stem, *case) for path in HOSTILE for case in CASE.findall(path.read_text())]
CONTROLS = [case for case in CASES if case[2]]
SECRET = "zanzibar7341"
# A cell that has got where it should not says so.
WON = f'fn won() {{ println!("{{}}{{}}", "{SECRET[:4]}", "{SECRET[4:]}"); }}'


def landlock():
    """Whether this system can hold anybody: the number of Landlock's version, or none."""
    import ctypes

    return sys.platform == "linux" and ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


pytestmark = pytest.mark.skipif(not landlock(), reason="this system has no Landlock")


def names(cases):
    return [f"{kind}: {what}" for kind, what, *_ in cases]


class World:
    """What belongs to others, a notebook's folder, and a kernel that works in it."""

    def __init__(self, base, **environment):
        self.out, self.work = base / "out", base / "work"
        for folder in ("home/.ssh", "home/bin", "others", "solutions", "cells/entry", "crate/src"):
            (self.out / folder).mkdir(parents=True)
        self.work.mkdir()
        for name in ("home/.ssh/id", "others/bob.ipynb", "solutions/lesson.ipynb", "cells/entry/library"):
            (self.out / name).write_text(f'pub const KEY: &str = "{SECRET}";')
        (self.work / "lesson.ipynb").write_text(SECRET)
        (self.work / "data.csv").write_text("1,2\n")
        (self.out / "crate/Cargo.toml").write_text('[package]\nname = "stolen"\nversion = "1.0.0"\nedition = "2024"\n')
        (self.out / "crate/src/lib.rs").write_text("")
        build = f'fn main() {{ std::fs::write("{self.out}/others/built", "x").unwrap(); }}'
        (self.out / "crate/build.rs").write_text(build)
        for name, content in (("wrapper", f"#!/bin/sh\ntouch {self.out}/others/wrapped\nexec \"$@\"\n"), ("ls", "")):
            (self.out / "home/bin" / name).write_text(content)
            (self.out / "home/bin" / name).chmod(0o755)
        self.servers = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.servers[0].getsockname()[1]
        for kind, address in (
            (socket.SOCK_STREAM, str(self.out / "socket")),
            (socket.SOCK_DGRAM, str(self.out / "datagrams")),
            (socket.SOCK_STREAM, f"\0adlab-hostile-{self.port}"),
        ):
            self.servers.append(socket.socket(socket.AF_UNIX, kind))
            self.servers[-1].bind(address)
        self.servers.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.servers[-1].bind(("127.0.0.1", self.port))
        for server in self.servers:
            server.settimeout(0)
            if server.type == socket.SOCK_STREAM:
                server.listen()
        self.other = subprocess.Popen(["sleep", "1000"])
        cargo_home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
        rustup_home = os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup"))
        environment |= {"HOME": str(self.out / "home"), "CARGO_HOME": cargo_home, "RUSTUP_HOME": rustup_home}
        # Jupyter closes what it has open; another caller may not.
        argv = ["sh", "-c", f'exec {ADLAB} kernel --connection-file "$1" 9<{self.work}/lesson.ipynb', "-", "{connection_file}"]
        self.kernel = Session(cwd=str(self.work), argv=argv, API_TOKEN=SECRET, **environment)
        self.pid = self.kernel.manager.provisioner.process.pid
        assert self.kernel.run(f"{WON} let kept = 42;")[0]["status"] == "ok"
        self.before = self.state()

    def state(self):
        files = {}
        for path in sorted([self.out, *self.out.rglob("*"), self.work, *self.work.rglob("*")]):
            meta = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
            times = meta.st_mtime_ns if path.is_file() else None
            files[str(path)] = (meta.st_mode, meta.st_nlink if path.is_file() else None, times, content)
        return files

    def fill(self, code):
        info = self.kernel.manager.get_connection_info()
        ports = ", ".join(str(info[f"{name}_port"]) for name in ("shell", "iopub", "stdin", "control", "hb"))
        values = {"OUT": self.out, "WORK": self.work, "SECRET": SECRET, "PORT": self.port, "PORTS": ports}
        values |= {"OTHER": self.other.pid, "KERNEL": self.pid, "SESSION": session_folder(self.pid)}
        values["HALVES"] = f"{SECRET[:4]}''{SECRET[4:]}"
        return re.sub(r"@(\w+)@", lambda found: str(values[found[1]]), code)

    def run(self, kind, code):
        """Runs a case, and says in which aspects it shows."""
        said, seen = "", set()
        # What each defines is its own.
        block = "{}" if kind == "compiler" else "{{\n{}\n}}"
        for cell in (block.format(cell) for cell in self.fill(code).split("\n--\n")):
            reply, messages = self.kernel.run(cell, timeout=40)
            outputs = [m["content"] for m in messages if m["msg_type"] != "execute_input"]
            said += str(outputs) + str(reply)
            self.told = f"{reply['ename']}: {reply['evalue']}" if reply["status"] == "error" else "it ran"
        if SECRET in said:
            seen.add("word")
        deadline = time.time() + 5
        while (left := self.left()) and time.time() < deadline:
            time.sleep(0.05)
        if left:
            seen.add("processes")
        if self.state() != self.before:
            seen.add("files")
        if self.other.poll() is not None:
            seen.add("others")
        if any(self.was_reached(server) for server in self.servers):
            seen.add("network")
        return seen, said

    def left(self):
        """Processes beside the kernel, its janitor and the one that runs cells."""
        mine = set(inherited(self.pid)) | descendants(self.pid)
        return sorted(mine - {self.pid})[2:]

    @staticmethod
    def was_reached(server):
        try:
            server.accept() if server.type == socket.SOCK_STREAM else server.recv(10)
        except BlockingIOError:
            return False
        return True

    def is_well(self):
        """The kernel goes on, with the folder that it had, though it may have lost what cells have defined."""
        reply, _ = self.kernel.run(f'{WON} assert_eq!(std::fs::read_to_string("data.csv").unwrap(), "1,2\\n");')
        return reply["status"] == "ok" and self.pid in processes()

    def close(self):
        self.kernel.close()
        self.other.kill()
        self.other.wait()
        for server in self.servers:
            server.close()


def descendants(pid):
    everyone = processes()
    members, new = set(), {pid}
    while new:
        members |= new
        new = {child for child, (state, parent, _) in everyone.items() if parent in new and state != "Z"}
    return members - {pid}


def notebook(path, *cells):
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)
    return path


def adlab_run(*arguments, **environment):
    environment = os.environ | environment
    return subprocess.run([ADLAB, "run", *arguments], capture_output=True, text=True, timeout=300, env=environment)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("marked"), NBGRADER_EXECUTION="autograde")
    yield world
    world.close()


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_what_is_marked_can_t(world, note, case):
    kind, what, _, code = case
    seen, said = world.run(kind, code)
    note("hostile", kind=kind, tries=what, is_told=world.told.replace(str(world.out.parent), "…"), has_changed=", ".join(seen) or "nothing")
    # Or else nothing was tried.
    assert kind == "compiler" or "CompileError" not in said, said[-3000:]
    assert (seen, what) == (set(), what), said[-3000:]
    assert world.is_well(), said[-3000:]


@pytest.mark.parametrize("case", CONTROLS, ids=names(CONTROLS))
def test_elsewhere_the_same_succeeds(tmp_path, request, case):
    """Or else it would be tested that nobody can."""
    open_world = request.getfixturevalue("open_world")
    seen, said = open_world.fresh().run(case[0], case[3])
    assert case[2] in seen, (seen, said[-3000:])


class OpenWorld:
    def __init__(self, factory):
        self.factory, self.world = factory, None

    def fresh(self):
        """After something has changed, all is made anew."""
        if self.world is None or self.world.state() != self.world.before or self.world.other.poll() is not None or self.world.left():
            self.close()
            self.world = World(self.factory.mktemp("open"), ADLAB_SANDBOX="off")
        return self.world

    def close(self):
        if self.world:
            self.world.close()


@pytest.fixture(scope="module")
def open_world(tmp_path_factory):
    worlds = OpenWorld(tmp_path_factory)
    yield worlds
    worlds.close()


LEAVES = """
std::fs::write("left", "x")?;
unsafe { std::env::set_var("LEFT", "x") };
std::env::set_current_dir("/")?;
unsafe extern "C" { fn umask(mask: u32) -> u32; }
unsafe { umask(0) };
std::thread::spawn(|| loop { std::thread::sleep(std::time::Duration::from_millis(50)); println!("left"); });
"""
FINDS = """
assert!(!std::path::Path::new("left").exists() && std::env::var_os("LEFT").is_none());
assert_eq!(std::fs::read_to_string("data.csv")?, "1,2\\n");
unsafe extern "C" { fn umask(mask: u32) -> u32; }
assert_ne!(unsafe { umask(0) }, 0);
"""


def test_nothing_of_a_notebook_reaches_the_next_of_its_session(tmp_path):
    (tmp_path / "data.csv").write_text("1,2\n")
    paths = notebook(tmp_path / "a.ipynb", LEAVES), notebook(tmp_path / "b.ipynb", FINDS)
    result = adlab_run("--sandbox=on", "--output", tmp_path / "out", *paths)
    assert result.returncode == 0, result.stdout + result.stderr
    assert not (tmp_path / "left").exists()
    assert nbformat.read(tmp_path / "out" / "b.ipynb", 4).cells[0].outputs == []


def test_a_notebook_of_one_s_own_is_not_confined_unless_it_is_said(tmp_path):
    path = notebook(tmp_path / "n.ipynb", 'std::fs::write("made", std::fs::read_to_string("n.ipynb")?)?;')
    assert adlab_run(path).returncode == 0 and (tmp_path / "made").exists()
    (tmp_path / "made").unlink()
    result = adlab_run("--sandbox=on", path)
    assert result.returncode == 1 and "n.ipynb" in result.stdout and not (tmp_path / "made").exists()
    assert adlab_run("--sandbox=required", notebook(tmp_path / "m.ipynb", "1 + 1")).returncode == 0


# Without seccomp's and Landlock's system calls, as under a system that has neither.
LACKING = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
numbers = [444, 317 if os.uname().machine == "x86_64" else 277]
program = struct.pack("HBBI", 0x20, 0, 0, 0)
for left, number in zip((2, 1), numbers):
    program += struct.pack("HBBI", 0x15, left - 1 if left == 1 else 1, 0, number) if left == 2 else struct.pack("HBBI", 0x15, 0, 1, number)
program += struct.pack("HBBI", 0x06, 0, 0, 0x00050000 | 38) + struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)
buffer = ctypes.create_string_buffer(program)
libc.prctl(38, 1, 0, 0, 0)
prog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
assert libc.prctl(22, 2, ctypes.create_string_buffer(prog), 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_what_a_system_lacks_is_said_once_and_stops_what_requires_it(tmp_path):
    path = notebook(tmp_path / "n.ipynb", "1 + 1")
    run = lambda how: subprocess.run(
        [sys.executable, "-c", LACKING, ADLAB, "run", f"--sandbox={how}", path], capture_output=True, text=True, timeout=120
    )
    on = run("on")
    assert on.returncode == 0 and on.stderr.count("there is no Landlock") == 1, on.stderr
    assert "seccomp" in on.stderr and "reach the network" in on.stderr
    required = run("required")
    assert required.returncode == 1 and "it is required" in required.stderr and required.stdout == ""
    seal = run("seal")
    assert seal.returncode == 0


ENDLESS = "#[allow(long_running_const_eval)] const X: u64 = { let mut i = 0u64; loop { i = i.wrapping_add(1); if i == u64::MAX { break i } } }; X"


@pytest.fixture
def marked(tmp_path):
    (tmp_path / "data.csv").write_text("1,2\n")
    session = Session(cwd=str(tmp_path), NBGRADER_EXECUTION="validate")
    yield session
    session.close()


def test_a_compilation_that_never_ends_is_ended(marked):
    reply, _ = marked.run(ENDLESS, timeout=300)
    assert reply["ename"] == "CompileError" and "processor time" in reply["evalue"]
    assert marked.text("1 + 1") == "2"


IGNORES = """
unsafe extern "C" { fn signal(number: i32, how: usize) -> usize; fn close(fd: i32) -> i32; }
for number in 1..32 { unsafe { signal(number, 1) }; }
for fd in 3..256 { unsafe { close(fd) }; }
loop { std::hint::spin_loop(); }
"""


def test_who_ignores_signals_and_loops_is_interrupted(marked):
    marked.run("let kept = 7;")
    request = marked.send(IGNORES)
    time.sleep(2)
    marked.manager.interrupt_kernel()
    list(marked.outputs(request))
    assert marked.reply(request)["ename"] == "Interrupted"
    assert marked.text("1 + 1") == "2"


def test_nothing_is_left_when_the_kernel_is_killed(marked):
    pid = marked.manager.provisioner.process.pid
    marked.send(IGNORES)
    time.sleep(2)
    members = {member: started for member, (_, _, started) in processes().items() if member in descendants(pid)}
    assert len(members) >= 3
    os.kill(pid, signal.SIGKILL)
    nothing_remains(pid, members)


def test_a_program_that_stops_itself_at_its_end_holds_nobody_up(tmp_path):
    stops = """
    unsafe extern "C" { fn kill(pid: i32, signal: i32) -> i32; fn getpid() -> i32; }
    struct Last;
    impl Drop for Last { fn drop(&mut self) { unsafe { kill(getpid(), 19) }; } }
    let last = Last;
    """
    result = adlab_run("--sandbox=on", notebook(tmp_path / "n.ipynb", stops))
    assert result.returncode == 0, result.stdout


def test_sessions_that_start_at_the_same_moment_do_not_meet(tmp_path):
    paths = [notebook(tmp_path / f"{number}.ipynb", f"{number} + 1") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda path: adlab_run("--sandbox=on", path), paths))
    assert [result.returncode for result in results] == [0] * 6, [r.stdout + r.stderr for r in results]
