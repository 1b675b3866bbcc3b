"""A hub for a class: JupyterHub as `docs/hub` configures it, two users of this machine, and one installation for both."""

import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from browser import BROWSER, SHOTS, VIEW, menu, wait_for_notebook
from conftest import ADLAB, ROOT

LESSON = "1-forward-mode.ipynb"
PROXY = ROOT / ".lab" / "hub"
# Nobody's home is closed here: what a kernel makes for itself is its user's all the same.
NEW_USER = ["useradd", "--create-home", "-K", "HOME_MODE=0755", "-K", "UMASK=022", "--home-dir"]


def missing():
    """What isn't there on this machine, and a hub needs."""
    if os.geteuid() != 0:
        return "only root can make users and start their servers"
    programs = {"useradd": "passwd", "unshare": "util-linux", "node": "nodejs", "npm": "npm"}
    for program, package in programs.items():
        if shutil.which(program) is None:
            return f"there is no {program} (Debian: apt install {package})"
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        return "file systems can't be mounted here"
    return "" if BROWSER else "no Chromium is installed (Debian: apt install chromium)"


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def install_proxy():
    """JupyterHub's own, once for this checkout."""
    program = PROXY / "node_modules/.bin/configurable-http-proxy"
    if not program.exists():
        npm = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", PROXY, "configurable-http-proxy@5.3.0"]
        done = subprocess.run(npm, capture_output=True, text=True)
        if not program.exists():
            pytest.skip(f"npm can't install configurable-http-proxy: {done.stderr.strip()[:200]}")


class User:
    def __init__(self, folder, name):
        self.name, self.home = f"adlab-{name}-{os.getpid()}", folder / name
        subprocess.run([*NEW_USER, self.home, self.name], check=True, capture_output=True)
        self.uid, self.gid = pwd.getpwnam(self.name)[2:4]
        news = self.home / ".jupyter/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        with self.acting():
            news.parent.mkdir(parents=True)
            news.write_text('{ "fetchNews": "false", "checkForUpdates": false }')

    @contextlib.contextmanager
    def acting(self):
        """For a while, this test is that user."""
        groups = os.getgroups()
        os.setgroups([])
        os.setegid(self.gid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)

    def processes(self):
        """Their numbers and command lines."""
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and entry.stat().st_uid == self.uid:
                    yield int(entry.name), (entry / "cmdline").read_text().split("\0")
            except OSError:
                continue

    def connection_file(self):
        """Of the one kernel."""
        [file] = [Path(words[3]) for _, words in self.processes() if words[1:3] == ["kernel", "--connection-file"]]
        return file

    def session(self):
        """The folder of the one session."""
        [folder] = [folder for folder in Path("/tmp").glob("adlab-[0-9]*-*") if folder.stat().st_uid == self.uid]
        return folder

    def cache(self):
        return self.home / ".cache/adlab"

    def remove(self):
        # What is killed takes a moment to go, and may have begun another.
        deadline = time.time() + 30
        while left := list(self.processes()):
            assert time.time() < deadline, left
            for pid, _ in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        subprocess.run(["userdel", self.name], check=True, capture_output=True)


class Hub:
    def __init__(self, folder):
        self.folder, self.password = folder, secrets.token_hex(16)
        (folder / "hub").mkdir(mode=0o700)
        self.log = folder / "hub/log"
        self.install()
        self.users = [User(folder, name) for name in ("ann", "bob")]
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        port, hub_port, api_port = [one.getsockname()[1] for one in sockets]
        [one.close() for one in sockets]
        self.address = f"http://127.0.0.1:{port}"
        shutil.copy(ROOT / "docs/hub/jupyterhub_config.py", folder / "hub/documented.py")
        (folder / "hub/config.py").write_text(f"""load_subconfig("documented.py")
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = "{self.password}"
c.JupyterHub.bind_url = "{self.address}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.Spawner.environment["LD_LIBRARY_PATH"] = "/opt/base/lib"  # a Python of one's own has its library there
c.ConfigurableHTTPProxy.command = ["/opt/proxy/node_modules/.bin/configurable-http-proxy"]
""")
        self.process = self.start("/opt/python/bin/python", "-m", "jupyterhub", "--config", "config.py")
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{self.address}/hub/health", timeout=5)
                break
            except OSError:
                time.sleep(0.5)

    def install(self):
        """For all users, who can't change it."""
        subprocess.run([ADLAB, "install", "--into", self.folder / "adlab"], check=True, capture_output=True)
        assert self.start("/opt/adlab/bin/adlab", "install", "--system").wait() == 0, self.log.read_text()
        subprocess.run(["chmod", "-R", "a-w", self.folder / "adlab"], check=True)

    def start(self, *command):
        """As root, with all in the places that the configuration names, and no checkout."""
        toolchain = Path(subprocess.check_output(["rustup", "which", "rustc"], text=True).strip()).parent.parent
        # Not even Python has to be where users can read it.
        sources = {"adlab": self.folder / "adlab", "rust": toolchain, "proxy": PROXY}
        sources |= {"base": sys.base_prefix, "tests": sys.prefix}
        steps = ["mount -t tmpfs -o mode=755 none /opt"]
        steps += [f"mkdir /opt/{name} && mount --bind '{source}' /opt/{name}" for name, source in sources.items()]
        steps += ["mkdir -p /opt/python/bin", "echo home = /opt/base/bin >/opt/python/pyvenv.cfg"]
        steps += ["ln -s /opt/base/bin/python3 /opt/python/bin/python", "ln -s /opt/tests/{etc,lib,share} /opt/python"]
        shell = " && ".join([*steps, f"mount -t tmpfs none '{ROOT}'", 'exec "$@"'])
        environment = {name: os.environ[name] for name in ("HOME", "CARGO_HOME") if name in os.environ}
        environment |= {"PATH": "/opt/rust/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        with open(self.log, "a") as log:
            return subprocess.Popen(
                ["unshare", "-m", "bash", "-c", shell, "bash", *command],
                cwd=self.folder / "hub", env=environment, stdout=log, stderr=log,
            )

    def enter(self, chromium, user):
        """A browser of the user's own, from which the server is started."""
        page = chromium.new_context(viewport=VIEW).new_page()
        page.goto(f"{self.address}/hub/login")
        page.fill("#username_input", user.name)
        page.fill("#password_input", self.password)
        page.click("#login_submit")
        return page

    def open_lesson(self, page, user):
        page.wait_for_url(f"{self.address}/user/{user.name}/lab*", timeout=60_000)
        page.goto(f"{self.address}/user/{user.name}/lab/tree/notebooks/{LESSON}")
        wait_for_notebook(page)

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        for user in self.users:
            user.remove()


@pytest.fixture(scope="module")
def hub():
    install_proxy()
    folder = Path(tempfile.mkdtemp(prefix="adlab-hub-", dir="/tmp"))
    folder.chmod(0o755)
    hub = Hub(folder)
    yield hub
    hub.close()
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def pages(hub, chromium):
    """Both users' lessons, side by side."""
    pages = [hub.enter(chromium, user) for user in hub.users]
    for page, user in zip(pages, hub.users):
        hub.open_lesson(page, user)
    yield pages
    [page.context.close() for page in pages]


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def add_cell(page, code):
    """Below the one that is selected, and runs it."""
    page.click(".jp-Notebook .jp-mod-selected .jp-InputArea-prompt")
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type(code)
    page.keyboard.press("Shift+Enter")


def test_both_open_run_and_save_a_lesson_at_the_same_time(hub, pages):
    parts = {path: path.lstat().st_mtime_ns for path in (hub.folder / "adlab").rglob("*")}
    for page in pages:
        page.click(".jp-Notebook .jp-MarkdownCell >> nth=0")
        # To the second cell of code.
        for _ in range(7):
            page.keyboard.press("Shift+Enter")
    for page, user in zip(pages, hub.users):
        add_cell(page, f'std::fs::write("mine", "{user.name}")?; plot(|x| x * x, 0.0..1.0)')
    expected = [cell.outputs for cell in code_cells(ROOT / "notebooks/solutions" / LESSON)[:2]]
    for page, user in zip(pages, hub.users):
        page.wait_for_selector(".jp-RenderedSVG, .jp-RenderedImage", timeout=120_000)
        page.screenshot(path=SHOTS / f"hub-{user.home.name}.png")
        menu(page, "File", "Save Notebook")
        saved = user.home / "notebooks" / LESSON
        deadline = time.time() + 30
        while not code_cells(saved)[2].outputs and time.time() < deadline:
            time.sleep(0.2)
        first, second, own = code_cells(saved)[:3]
        assert [[output.get("data") or output.text for output in cell.outputs] for cell in (first, second)] == [
            [output.get("data") or output.text for output in outputs] for outputs in expected
        ]
        assert "image/svg+xml" in own.outputs[-1].data
        assert (user.home / "notebooks/mine").read_text() == user.name
        assert {path.owner() for path in user.home.rglob("*") if path != saved.parent} == {user.name}
    assert {path: path.lstat().st_mtime_ns for path in (hub.folder / "adlab").rglob("*")} == parts


def test_each_has_a_cache_and_a_session_of_their_own_that_the_other_can_t_read(hub, pages):
    for user, other in (hub.users, hub.users[::-1]):
        kept = list(user.cache().rglob("*"))
        assert [path for path in kept if path.parent.name == "cells"] and {path.owner() for path in kept} == {user.name}
        # The installation's warm build served them.
        assert not [path for path in kept if path.name.startswith("warm-")]
        for folder in (user.cache(), user.session()):
            assert folder.stat().st_mode & 0o777 == 0o700, folder
            with user.acting():
                assert os.listdir(folder)
            with other.acting(), pytest.raises(PermissionError):
                os.listdir(folder)


def connects(user, path):
    with user.acting(), socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect(str(path))
        except PermissionError:
            return False
        return True


def test_a_kernel_accepts_no_connection_of_another_user_s(hub, pages):
    for user, other in (hub.users, hub.users[::-1]):
        file = user.connection_file()
        assert file.stat().st_mode & 0o777 == 0o600
        connection = json.loads(file.read_text())
        assert connection["transport"] == "ipc"
        ports = [connection[f"{name}_port"] for name in ("shell", "iopub", "stdin", "control", "hb")]
        sockets = [Path(f"{connection['ip']}-{port}") for port in ports]
        for path in [*sockets, *filter(Path.is_socket, user.session().iterdir())]:
            assert not connects(other, path)
        # Not even where their folder is open to all.
        folder = sockets[0].parent
        assert folder.stat().st_mode & 0o777 == 0o700
        folder.chmod(0o777)
        assert [connects(other, path) for path in sockets] == [False] * 5
        assert [connects(user, path) for path in sockets] == [True] * 5
        folder.chmod(0o700)


def test_the_hub_lets_nobody_into_the_server_of_another(hub, pages):
    for page, (user, other) in zip(pages, (hub.users, hub.users[::-1])):
        own, others = (page.request.get(f"{hub.address}/user/{one.name}/api/contents/notebooks") for one in (user, other))
        assert own.status == 200 and others.status in (403, 404)
        assert "mine" in own.text() and "mine" not in others.text()


def test_cells_keep_within_the_hub_s_limit(hub, pages):
    add_cell(pages[0], "vec![1u8; 900 << 20].len()")
    pages[0].wait_for_selector(".jp-OutputArea-output >> text=more memory than it may have (624.0 MB", timeout=60_000)
    # It is the cell's process that died.
    add_cell(pages[0], "dual(3.0, 1.0).value + 4.5")
    pages[0].wait_for_selector(".jp-OutputArea-output >> text=7.5", timeout=60_000)
