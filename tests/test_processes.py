"""The kernel's processes: where they listen, what they leave behind, and many of them at once."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
import zmq
from conftest import ADLAB, SOLUTIONS, Session

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


def status(pid):
    """State, parent and start time; None if there is no such process."""
    try:
        # The name stands in parentheses, and may have some itself.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[1]), fields[19]


def processes():
    found = {int(entry): status(entry) for entry in os.listdir("/proc") if entry.isdigit()}
    return {pid: fields for pid, fields in found.items() if fields}


def family(pid):
    """A process and its descendants, with their start times: a number may be used again."""
    everyone = processes()
    members, new = set(), {pid}
    while new:
        members |= new
        new = {child for child, (_, parent, _) in everyone.items() if parent in new}
    return {member: everyone[member][2] for member in members if member in everyone}


def inherited(kernel_pid):
    """Processes that have the session's folder in their environment: an orphan of the kernel is among them."""
    mark = session_mark(kernel_pid).encode()
    for pid in processes():
        try:
            if mark in Path(f"/proc/{pid}/environ").read_bytes():
                yield pid
        except OSError:
            continue


def session_mark(pid):
    return f"adlab-{pid}-"


def session_folder(kernel_pid):
    [folder] = Path(tempfile.gettempdir()).glob(session_mark(kernel_pid) + "*")
    return folder


def remains(kernel_pid, members):
    """What is there still of a kernel that has ended: processes, zombies among them, and folders."""
    processes_left = {pid for pid, started in members.items() if (now := status(pid)) and now[2] == started}
    folders = Path(tempfile.gettempdir()).glob(session_mark(kernel_pid) + "*")
    return sorted(processes_left | set(inherited(kernel_pid))), [folder.name for folder in folders]


def nothing_remains(kernel_pid, members, seconds=5):
    deadline = time.time() + seconds
    while (left := remains(kernel_pid, members)) != ([], []) and time.time() < deadline:
        time.sleep(0.1)
    assert left == ([], [])


def listening():
    """The inode of each listening TCP socket, with its address and port."""
    sockets = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if os.path.exists(table) else []:
            fields = line.split()
            address, port = fields[1].split(":")
            if fields[3] == "0A":
                sockets[fields[9]] = (address, int(port, 16))
    return sockets


def sockets_of(pid):
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except OSError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


@linux
def test_the_kernel_listens_where_it_was_told_to_and_nowhere_else(kernel):
    kernel.run("let x = 1;")
    info = kernel.manager.get_connection_info()
    own = {inode for pid in family(kernel.manager.provisioner.process.pid) for inode in sockets_of(pid)}
    heard = sorted(address for inode, address in listening().items() if inode in own)
    # 127.0.0.1, as the table writes it.
    told = [("0100007F", info[port]) for port in PORTS] if info["transport"] == "tcp" else []
    assert heard == sorted(told)


@linux
def test_a_shutdown_leaves_nothing(fresh_kernel):
    fresh_kernel.run("let x = 1;")
    process = fresh_kernel.manager.provisioner.process
    members = family(process.pid)
    assert len(members) > 1 and remains(process.pid, members)[1]
    fresh_kernel.client.shutdown(restart=False)
    assert process.wait(timeout=10) == 0
    nothing_remains(process.pid, members)


def computing(pid):
    """Waits until one of a kernel's processes other than itself has used the processor for half a second."""
    def used():
        # In clock ticks, of which there are a hundred a second.
        ticks = {}
        for member in family(pid).keys() - {pid}:
            try:
                stat = Path(f"/proc/{member}/stat").read_text()
            except OSError:
                continue
            name, _, fields = stat.partition("(")[2].rpartition(")")
            # A compiler also computes.
            if name.startswith("adlab"):
                ticks[member] = int(fields.split()[11])
        return ticks

    before, deadline = used(), time.time() + 60
    while time.time() < deadline:
        if any(ticks - before.get(member, 0) > 50 for member, ticks in used().items()):
            return
        time.sleep(0.1)
    raise TimeoutError("nothing computes")


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_a_kernel_that_is_killed_while_a_cell_computes_leaves_nothing(fresh_kernel, number):
    fresh_kernel.run("let x = 1;")
    process = fresh_kernel.manager.provisioner.process
    fresh_kernel.client.execute("loop {}")
    computing(process.pid)
    members = family(process.pid)
    os.kill(process.pid, number)
    process.wait(timeout=10)
    nothing_remains(process.pid, members)


def unshares(*options):
    return shutil.which("unshare") and subprocess.run(["unshare", *options, "true"], capture_output=True).returncode == 0


NUMBERS = ["--pid", "--fork", "--kill-child", "--mount-proc"]


@linux
@pytest.mark.skipif(not unshares(*NUMBERS), reason="processes can't be given numbers of their own here")
def test_a_session_in_a_container_that_shares_its_tmpdir_leaves_others_alone(fresh_kernel):
    fresh_kernel.run("let x = 1;")
    contained = Session(argv=["unshare", *NUMBERS, ADLAB, "kernel", "--connection-file", "{connection_file}"])
    try:
        # There, no process has the number of the first session.
        assert contained.text("1 + 1").strip() == "2"
        assert fresh_kernel.text("x + 1").strip() == "2"
    finally:
        contained.close()
    assert fresh_kernel.text("x + 2").strip() == "3"


@linux
def test_sockets_that_are_files_are_for_their_user_alone():
    kernel = [ADLAB, "kernel", "--connection-file", "{connection_file}"]
    session = Session("ipc", argv=["sh", "-c", 'umask 0; exec "$@"', "sh", *kernel])
    try:
        session.run("use std::os::unix::fs::PermissionsExt;")
        info = session.manager.get_connection_info()
        modes = {Path(f"{info['ip']}-{info[port]}").stat().st_mode & 0o777 for port in PORTS}
        assert modes == {0o600}
        folder = session_folder(session.manager.provisioner.process.pid)
        assert folder.stat().st_mode & 0o777 == 0o700
        # What a cell writes is as the user's shell says.
        shown = session.text('std::fs::write("made", "")?; std::fs::metadata("made")?.permissions().mode() & 0o777')
        Path("made").unlink()
        assert shown.strip() == str(0o666)
    finally:
        session.close()


def overhears(session, user):
    """What a program of this user reads of what the kernel publishes, while a cell prints."""
    port = session.manager.get_connection_info()["iopub_port"]
    ours, theirs = multiprocessing.Pipe()

    def listen():
        os.setgroups([])
        os.setuid(user)
        socket = zmq.Context().socket(zmq.SUB)
        socket.subscribe(b"")
        socket.connect(f"tcp://127.0.0.1:{port}")
        theirs.send("there")
        heard = []
        # It is cut off, and connects again, and again.
        while socket.poll(3000) and not any(b"secret" in part for part in heard):
            heard += socket.recv_multipart()
        theirs.send(heard)

    listener = multiprocessing.get_context("fork").Process(target=listen)
    listener.start()
    assert ours.recv() == "there"
    while not ours.poll(0):
        session.run('println!("secret"); std::thread::sleep(std::time::Duration::from_millis(50));')
    listener.join()
    return ours.recv()


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user's part")
def test_a_port_tells_nothing_to_another_user(fresh_kernel):
    nobody = 65534
    assert overhears(fresh_kernel, nobody) == []
    assert any(b"secret" in part for part in overhears(fresh_kernel, 0))
    assert fresh_kernel.text("1 + 1").strip() == "2"


@linux
def test_a_kernel_whose_jupyter_has_died_ends_too():
    code = """if True:
        import os
        from jupyter_client import KernelManager
        manager = KernelManager(kernel_name="adlab")
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        print(manager.provisioner.process.pid, flush=True)
        os._exit(0)"""
    # The kernel has the pipe as well, so its end is not waited for.
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as jupyter:
        pid = int(jupyter.stdout.readline())
        jupyter.wait(timeout=30)
    nothing_remains(pid, family(pid), seconds=10)


@linux
def test_faults_leave_no_zombies(fresh_kernel):
    for code in ("std::process::abort();", "std::process::exit(3);", 'panic!("stop");') * 2:
        assert fresh_kernel.run(code)[0]["status"] == "error"
    # A compiler that is stopped on its way.
    functions = "\n".join(f"fn g{i}(x: f64) -> Vec<f64> {{ (0..9).map(|k| x * k as f64).collect() }}" for i in range(2000))
    request = fresh_kernel.send(functions)
    time.sleep(0.5)
    fresh_kernel.manager.interrupt_kernel()
    assert fresh_kernel.reply(request)["ename"] == "Interrupted"
    assert fresh_kernel.text("1 + 1") == "2"
    members = family(fresh_kernel.manager.provisioner.process.pid)
    deadline = time.time() + 2
    while (dead := [pid for pid in members if (now := status(pid)) and now[0] == "Z"]) and time.time() < deadline:
        time.sleep(0.1)
    assert dead == []


def outputs(session, cells):
    """What each cell prints, and its values as text."""
    shown = []
    for code in cells:
        reply, messages = session.run(code, timeout=180)
        assert reply["status"] == "ok", reply
        text = {"stdout": "", "stderr": "", "values": []}
        for message in messages:
            content = message["content"]
            if message["msg_type"] == "stream":
                text[content["name"]] += content["text"]
            elif "data" in content:
                text["values"].append(content["data"]["text/plain"])
        shown.append(text)
    return shown


def test_five_kernels_at_once_are_each_like_one_alone(fresh_kernel):
    notebook = nbformat.read(SOLUTIONS[0], as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"][:10]
    cells.append("0.5f64.sin()")
    alone = outputs(fresh_kernel, cells)
    assert any(text["stdout"] for text in alone) and any(text["values"] for text in alone)
    kernels = []
    try:
        with ThreadPoolExecutor(5) as threads:
            kernels += threads.map(lambda _: Session(), range(5))
            own = list(threads.map(lambda i: outputs(kernels[i], [f"let own = {i};", *cells]), range(5)))
        assert [shown[1:] for shown in own] == [alone] * 5
        assert [kernel.text("own") for kernel in kernels] == ["0", "1", "2", "3", "4"]
    finally:
        for kernel in kernels:
            kernel.close()
