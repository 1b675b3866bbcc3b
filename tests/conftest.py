"""What the tests share: the project's places, a kernel to talk to, and a browser."""

import os
import shutil
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

ROOT = Path(__file__).resolve().parent.parent
ADLAB = str(ROOT / "target" / "release" / "adlab")
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))


def notes(messages):
    """The kernel's own words below a cell, by lines; they are displays."""
    shown = [m["content"]["data"]["text/plain"] for m in messages if m["msg_type"] == "display_data"]
    return "".join(text + "\n" for text in shown if text.startswith("note: "))


class Session:
    """A kernel that was started through Jupyter's own client, and the kernelspec that set-up has installed."""

    def __init__(self, transport="tcp", kernel="adlab", argv=None, cwd=None, **environment):
        self.manager = KernelManager(kernel_name="adlab", transport=transport)
        if kernel == "stock":
            argv = [ADLAB, "stock", "--control_file", "{connection_file}"]
        if argv:
            self.manager._kernel_spec = KernelSpec(argv=argv, language="rust", display_name=kernel)
        self.folder = None
        if transport == "ipc":
            # An ipc address is a path, and a short one.
            self.folder = tempfile.mkdtemp(prefix="ipc-")
            self.manager.ip = os.path.join(self.folder, "k")
        self.manager.start_kernel(env={**os.environ, **environment}, **({"cwd": cwd} if cwd else {}))
        self.client = self.manager.client()
        self.client.start_channels()
        # The first time, the stock kernel compiles the preloaded crate before it answers.
        self.client.wait_for_ready(timeout=300 if kernel == "stock" else 60)

    def send(self, code, cell=None, deleted=(), **options):
        """Posts a cell, with the front end's names for it and for the cells deleted since; returns the request's id."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        content |= {"stop_on_error": True} | options
        metadata = {"deletedCells": list(deleted)} | ({"cellId": cell} if cell else {})
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def outputs(self, request, timeout=60):
        """The messages of a request as they come, until it is idle."""
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["content"].get("execution_state") == "idle":
                return
            if message["msg_type"] != "status":
                yield message

    def run(self, code, timeout=60, **options):
        """The reply's content, and the messages between busy and idle."""
        request = self.send(code, **options)
        messages = list(self.outputs(request, timeout))
        return self.reply(request), messages

    def reply(self, request, timeout=30):
        deadline = time.time() + timeout
        while time.time() < deadline:
            message = self.client.get_shell_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == request:
                return message["content"]
        raise TimeoutError(request)

    def text(self, code, **options):
        """What a cell prints, the kernel's notes, and the text of its value; not what it has cleared away."""
        reply, messages = self.run(code, **options)
        assert reply["status"] == "ok", reply
        cleared = [i for i, m in enumerate(messages) if m["msg_type"] == "clear_output"]
        messages = messages[cleared[-1] + 1 :] if cleared else messages
        printed = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream") + notes(messages)
        values = [m["content"]["data"]["text/plain"] for m in messages if m["msg_type"] == "execute_result"]
        return printed + "".join(values)

    def close(self):
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


# What needs a kernel and little else: these files share the machine. The others look at clocks, at processes, at memory and
# disks, or take all of it.
SHARE = {
    "assign", "chains", "commands", "conformance", "edits", "field", "grade_kinds", "house", "kernel", "lessons", "links",
    "nbgrader", "notebooks", "opens_first", "run", "state", "stock_lessons", "vscode", "wrong",
}  # fmt: skip


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: nothing else is to run beside it")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem.removeprefix("test_") not in SHARE:
            item.add_marker("alone")


@pytest.fixture(scope="session")
def note():
    """Notes what has come of a test, for people: `note("hostile", tries="…", comes_of_it="…")` is a row of
    `target/tables/hostile.md`."""
    tables = defaultdict(list)
    yield lambda table, **row: tables[table].append(row)
    for name, rows in tables.items():
        lines = [[head.replace("_", " ") for head in rows[0]], ["---"] * len(rows[0]), *(row.values() for row in rows)]
        lines = [[" ".join(str(word).replace("|", "\\|").split()) for word in line] for line in lines]
        path = ROOT / "target" / "tables" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"| {' | '.join(line)} |\n" for line in lines))


@pytest.fixture(scope="module", params=["tcp", "ipc"])
def kernel(request):
    session = Session(request.param)
    yield session
    session.close()


@pytest.fixture
def fresh_kernel():
    session = Session()
    yield session
    session.close()


@pytest.fixture(scope="module")
def started():
    """Starts kernels that end with the tests of a file: `started(ADLAB_MEMORY="1G")`."""
    sessions = []

    def start(**options):
        sessions.append(Session(**options))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    from browser import Lab

    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


# One for each module, not for the session: while it runs, so does its event loop, and Jupyter's client wants its own.
@pytest.fixture(scope="module")
def chromium():
    from browser import BROWSER
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=quiet)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    from browser import VIEW

    page = chromium.new_page(viewport=VIEW)
    yield page
    page.close()
