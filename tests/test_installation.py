"""An installation stands by itself: it needs no checkout and no right to write into it, and what it makes is each user's."""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from conftest import ADLAB, ROOT, SOLUTIONS, Session

TOOLCHAIN = Path(subprocess.check_output(["rustup", "which", "rustc"], text=True).strip()).parent.parent
CARGO_HOME = os.environ.get("CARGO_HOME", Path.home() / ".cargo")

MOUNTS = shutil.which("unshare") and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
other_users = pytest.mark.skipif(not MOUNTS, reason="no other user's part can be played here")

# The preloaded crate in small: what is tested but for the lessons has nothing to do with it, and it compiles in a second.
SMALL = {
    "Cargo.toml": '[workspace]\nresolver = "3"\nmembers = ["crates/*"]\n',
    "Cargo.lock": 'version = 4\n\n[[package]]\nname = "adlab-notebook"\nversion = "0.1.0"\n',
    "crates/adlab-notebook/Cargo.toml": '[package]\nname = "adlab-notebook"\nversion = "0.1.0"\nedition = "2024"\n'
    '[lib]\ncrate-type = ["dylib", "rlib"]\n',
    "crates/adlab-notebook/src/lib.rs": "pub mod prelude {\n    pub fn version() -> i32 {\n        1\n    }\n"
    "    pub fn plot(f: impl Fn(f64) -> f64, range: std::ops::Range<f64>) -> f64 {\n        f(range.start)\n    }\n    pub trait EvcxrDisplay: std::fmt::Debug {\n"
    '        fn evcxr_display(&self) {\n            println!("{self:?}");\n        }\n    }\n'
    "    impl<T: std::fmt::Debug + ?Sized> EvcxrDisplay for T {}\n}\n",
}
VERSION = 'println!("{}", version());'


@pytest.fixture
def place():
    """A folder that all users of this machine can go into, with a blank in its name."""
    folder = Path(tempfile.mkdtemp(prefix="adlab test ", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


@pytest.fixture
def home(place):
    """The user's folders, and no cargo's."""
    folders = {"HOME": "home", "XDG_CACHE_HOME": "home/cache", "CARGO_HOME": "home/cargo"}
    rustup = {"RUSTUP_HOME": str(TOOLCHAIN.parent.parent), "RUSTUP_TOOLCHAIN": TOOLCHAIN.name}
    return {name: str(place / folder) for name, folder in folders.items()} | rustup


def installed(prefix, version=1, checkout=None):
    """Makes an installation of the small crate in this version, or of a whole checkout."""
    with tempfile.TemporaryDirectory() as small:
        if checkout is None:
            checkout = Path(small)
            shutil.copytree(ROOT / "kernel-spec", checkout / "kernel-spec")
            for name, text in SMALL.items():
                (checkout / name).parent.mkdir(parents=True, exist_ok=True)
                (checkout / name).write_text(text.replace(" 1\n", f" {version}\n"))
        environment = os.environ | {"ADLAB_HOME": str(checkout)}
        subprocess.run([ADLAB, "install", "--into", prefix], env=environment, check=True, capture_output=True)
    return prefix


def adlab(prefix, *arguments, **environment):
    command = [prefix / "bin/adlab", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


def kernel(prefix, start=(), **environment):
    """As its kernelspec says."""
    folder = prefix / "share/jupyter/kernels/adlab"
    argv = json.loads((folder / "kernel.json").read_text())["argv"]
    argv = [word.replace("{resource_dir}", str(folder)) for word in argv]
    return Session(argv=[*start, *argv], **environment)


def shows(prefix, cells=(VERSION,), start=(), **environment):
    session = kernel(prefix, start, **environment)
    try:
        return [session.text(code, timeout=300).strip() for code in cells]
    finally:
        session.close()


def refuses(prefix, start=(), **environment):
    """What the first cell says, and what the doctor does."""
    session = kernel(prefix, start, **environment)
    try:
        reply = session.run("1 + 1", timeout=300)[0]
        assert reply["ename"] == "KernelError", reply
        assert session.run("1 + 1")[0]["evalue"] == reply["evalue"]
    finally:
        session.close()
    doctor = subprocess.run(
        [*start, prefix / "bin/adlab", "doctor"], env=os.environ | environment, capture_output=True, text=True
    )
    return reply["evalue"], "\n".join(line for line in (doctor.stdout + doctor.stderr).splitlines() if line[:2] != "ok")


def made(home):
    """The warm builds of a user."""
    return sorted(Path(home["XDG_CACHE_HOME"]).glob("adlab/*/warm-*"))


def files(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


def lock_up(prefix):
    subprocess.run(["chmod", "-R", "a-w", prefix], check=True)


class User:
    """Another user, for whom there is neither a checkout nor root's toolchain, but one that all can read."""

    def __init__(self, place, name):
        self.name, self.home, self.rust = name, place / name, place / "rust"
        self.path, self.network = ":/usr/bin:/bin", True
        self.rust.mkdir(exist_ok=True)
        for folder in (self.home, self.home / "tmp"):
            folder.mkdir()
            shutil.chown(folder, name)

    def start(self, root=False):
        """The begin of a command line that runs the rest as this user, or as root in the same surroundings."""
        # Root's own cargo has what the preloaded crate is made from; a user's has nothing.
        home = f"HOME='{self.rust}-home' CARGO_HOME='{CARGO_HOME}'" if root else f"HOME='{self.home}'"
        settings = f"{home} TMPDIR='{self.home}/tmp' PATH='{self.rust}/bin{self.path}'"
        user = "" if root else f"/usr/bin/setpriv --reuid={self.name} --regid={pwd.getpwnam(self.name).pw_gid} --clear-groups"
        # Jupyter's connection file is for its own user.
        connection = f'for word; do [ ! -f "$word" ] || [ "${{word%.json}}" = "$word" ] || chown {self.name} "$word"; done'
        mounts = f"mount --bind '{TOOLCHAIN}' '{self.rust}' && mount -t tmpfs none '{ROOT}'"
        shell = f"{mounts} && {connection} && exec /usr/bin/env -i {settings} {user} \"$@\""
        return ["unshare", "-m" if self.network else "-mn", "bash", "-c", shell, "bash"]

    def run(self, *command, root=False):
        done = subprocess.run([*self.start(root), *command], cwd=self.home, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kernel(self, prefix):
        return kernel(prefix, self.start(), cwd=str(self.home))


@other_users
def test_users_share_a_read_only_installation_and_nothing_else(place, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(place / "runtime"))
    (place / "runtime").mkdir()
    ann, bob = User(place, "daemon"), User(place, "nobody")
    prefix = installed(place / "in st/all", checkout=ROOT)
    assert "compiling" in ann.run(prefix / "bin/adlab", "install", "--system", root=True)
    lock_up(prefix)
    before = files(prefix)
    sessions = [user.kernel(prefix) for user in (ann, bob)]
    try:
        for number, session in enumerate(sessions):
            assert session.text(f"fn mine() -> i32 {{ {number} }}\nlet x = Dual::variable(2.0); x * x") == "4 + 4ε"
        for number, session in enumerate(sessions):
            assert session.text("mine()") == str(number)
            assert session.run("plot(|x| x * x, 0.0..1.0)")[0]["status"] == "ok"
        for user in (ann, bob):
            folders = list((user.home / "tmp").glob("adlab-*"))
            assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700]
    finally:
        for session in sessions:
            session.close()
    # A lesson, as it was installed; the checkout is out of reach.
    solution = prefix / "share/adlab/notebooks/solutions" / SOLUTIONS[0].name
    assert "ok" in ann.run(prefix / "bin/adlab", "run", "--output", ann.home / "out", solution)
    # She marks it, held as root's would be.
    against = ["--against", solution, "--sandbox", "required", "--json", ann.home / "marks.json"]
    assert " of " in ann.run(prefix / "bin/adlab", "grade", solution, *against)
    [marks] = json.loads((ann.home / "marks.json").read_text())["submissions"]
    assert marks["failures"] == [] and all(mark["points"] in (mark["of"], None) for mark in marks["marks"]), marks
    # What is her own is out of reach for what is marked.
    (ann.home / "secret").write_text("secret")
    tries = f"""
    assert!(std::fs::read_to_string("{ann.home}/secret").is_err() && std::fs::write("{ann.home}/made", "x").is_err());
    assert!(std::net::TcpListener::bind("127.0.0.1:0").is_err() && std::process::Command::new("true").status().is_err());
    unsafe extern "C" {{ fn kill(pid: i32, signal: i32) -> i32; fn getppid() -> i32; }}
    assert!(unsafe {{ kill(getppid(), 9) }} != 0);
    """
    hostile = ann.home / "hostile.ipynb"
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": tries, "outputs": [], "execution_count": None}
    hostile.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert "ok" in ann.run(prefix / "bin/adlab", "run", "--sandbox=required", "--output", ann.home / "out", hostile)
    assert not (ann.home / "made").exists()
    for user in (ann, bob):
        kept = list((user.home / ".cache/adlab").rglob("*"))
        assert kept and {path.owner() for path in kept} == {user.name}
        # They share its warm build.
        assert not [path for path in kept if path.name.startswith("warm-")]
        assert "ok       warm build" in user.run(prefix / "bin/adlab", "doctor")
        assert not list((user.home / "tmp").iterdir())
    assert files(prefix) == before
    # Elsewhere, with the toolchain elsewhere, no C compiler, no network and nothing of cargo's, it serves as well.
    prefix = prefix.rename(place / "moved")
    bob.rust, bob.path, bob.network = place / "another rust", "", False
    bob.rust.mkdir()
    solution = prefix / "share/adlab/notebooks/solutions" / SOLUTIONS[2].name
    assert "ok" in bob.run(prefix / "bin/adlab", "run", "--output", bob.home / "out", solution)
    assert "rust-lld" in bob.run(prefix / "bin/adlab", "doctor")
    assert not list((bob.home / ".cache/adlab").rglob("warm-*"))


def test_without_a_shared_warm_build_the_first_session_makes_one_and_keeps_it(place, home):
    prefix = installed(place / "pre fix")
    lock_up(prefix)
    before = files(prefix)
    texts = []
    both = [threading.Thread(target=lambda: texts.append(shows(prefix, **home))) for _ in range(2)]
    [one.start() for one in both]
    [one.join() for one in both]
    assert texts == [["1"], ["1"]]
    [warm] = made(home)
    inode = warm.stat().st_ino
    assert shows(prefix, **home) == ["1"]
    assert [path.stat().st_ino for path in made(home)] == [inode]
    assert files(prefix) == before and not [path for path in warm.parent.iterdir() if path.name.startswith("new-")]


def test_the_first_cell_shows_what_is_compiled_and_then_its_own(place, home):
    session = kernel(installed(place / "one"), **home)
    try:
        reply, messages = session.run(VERSION, timeout=300)
    finally:
        session.close()
    assert reply["status"] == "ok"
    shown = [(m["msg_type"], m["content"].get("text", m["content"].get("wait"))) for m in messages]
    streams = [text for kind, text in shown if kind == "stream"]
    assert "\rCompiling for this version of Rust, once: adlab-notebook v0.1.0 " in streams[0], shown
    assert ("clear_output", True) in shown and streams[-1] == "1\n"


def test_an_installation_can_be_moved_and_two_versions_do_not_meet(place, home):
    first = installed(place / "one")
    assert shows(first, **home) == ["1"]
    first = first.rename(place / "moved to")
    second = installed(place / "two", version=2)
    sessions = [kernel(prefix, **home) for prefix in (first, second)]
    try:
        for _ in range(2):
            assert [session.text(VERSION, timeout=300) for session in sessions] == ["1\n", "2\n"]
    finally:
        for session in sessions:
            session.close()
    # Moved, it goes on with what it had.
    assert len(made(home)) == 2


def test_an_installation_is_replaced_by_another_version_of_itself(place, home):
    prefix = installed(place / "one")
    assert shows(prefix, **home) == ["1"]
    installed(prefix, version=2)
    assert shows(prefix, **home) == ["2"]
    assert sorted(path.name for path in (prefix / "share").iterdir()) == ["adlab", "jupyter"]
    again = adlab(prefix, "install", "--into", prefix)
    assert again.returncode == 1 and "is installed in" in again.stderr


DAMAGES = {
    "crates/adlab-notebook/src/lib.rs": "is damaged, or was changed",
    "Cargo.lock": "is damaged, or was changed",
    "kernel-spec/evcxr.toml": "",
    "parts": "",
}


@pytest.mark.parametrize("part", DAMAGES)
@pytest.mark.parametrize("how", ["missing", "cut short"])
def test_a_part_that_is_missing_or_damaged_is_named(place, home, part, how):
    prefix = installed(place / "one")
    path = prefix / "share/adlab" / part
    path.unlink() if how == "missing" else path.write_bytes(path.read_bytes()[:-9])
    for said in refuses(prefix, **home):
        assert "install" in said and "again" in said and (path.name in said or "not whole" in said), said
        assert how == "missing" or DAMAGES[part] in said
    assert not made(home)


def damage(file):
    file.write_bytes(file.read_bytes()[:-1])


def test_a_warm_build_that_is_cut_short_is_made_again(place, home):
    prefix = installed(place / "one")
    assert shows(prefix, **home) == ["1"]
    for name in ["preloaded/libadlab_notebook.so", "library/core/src/lib.rs", "tools/call-*", "stamp"]:
        [warm] = made(home)
        damage(next(warm.glob(name)))
        assert "MISSING  warm build" in adlab(prefix, "doctor", **home).stdout
        assert shows(prefix, **home) == ["1"]
        assert "ok       warm build" in adlab(prefix, "doctor", **home).stdout


def test_what_a_killed_build_has_left_is_not_trusted_and_goes(place, home):
    prefix = installed(place / "one")
    cache = Path(home["XDG_CACHE_HOME"]) / "adlab"
    maker = subprocess.Popen([prefix / "bin/adlab", "prepare"], env=os.environ | home, stdout=subprocess.PIPE, text=True)
    assert "compiling" in maker.stdout.readline()
    maker.kill()
    maker.wait()
    [version] = cache.iterdir()
    (version / "new-1").mkdir()
    assert not made(home)
    assert shows(prefix, **home) == ["1"]
    assert not (version / "new-1").exists()


def in_cache(home, options):
    """A file system of its own at the user's cache."""
    if not MOUNTS:
        pytest.skip("file systems can't be mounted here")
    os.makedirs(home["XDG_CACHE_HOME"], exist_ok=True)
    shell = f"mount -t tmpfs -o {options} none '{home['XDG_CACHE_HOME']}' && exec \"$@\""
    return ["unshare", "-m", "bash", "-c", shell, "bash"]


@pytest.mark.parametrize("options", ["ro", "size=2m"])
def test_a_cache_that_can_t_be_written_to_is_named(place, home, options):
    prefix = installed(place / "one")
    cell, doctor = refuses(prefix, in_cache(home, options), **home)
    assert f"kept in {home['XDG_CACHE_HOME']}" in cell and "set XDG_CACHE_HOME to a folder of yours" in cell, cell
    assert options != "ro" or "MISSING  cache" in doctor, doctor
    assert "MISSING  warm build" in doctor


def test_a_shared_warm_build_needs_no_cache(place, home):
    prefix = installed(place / "one")
    assert adlab(prefix, "install", "--system", **home).returncode == 0
    assert shows(prefix, [VERSION, "fn f() {}", "f();"], in_cache(home, "ro"), **home)[0] == "1"


def test_a_disk_that_is_full_in_the_middle_leaves_nothing(place, home):
    prefix = installed(place / "one")
    start = in_cache(home, "size=200m")
    cache = home["XDG_CACHE_HOME"]
    shell = f"""'{prefix}/bin/adlab' prepare 2>&1 | while read -r line; do
        echo "$line"
        case $line in *compiling*) head -c 300M /dev/zero >'{cache}/filling' 2>/dev/null ;; esac
    done
    rm '{cache}/filling'; find '{cache}' -name 'warm-*' -o -name 'new-*'
    '{prefix}/bin/adlab' prepare && find '{cache}' -name 'warm-*' -printf made"""
    done = subprocess.run([*start, "bash", "-c", shell], env=os.environ | home, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.split()[0] not in ("Compiling", "Finished")]
    assert "make room there, or set XDG_CACHE_HOME" in lines[1] and "No space left" in lines[1], done
    assert "compiling" in lines[2] and lines[3] == "made", done


def compiler(folder, mark="hush"):
    """Another version of the compiler, on a PATH without rustup."""
    folder.mkdir(exist_ok=True)
    (folder / "rustc").write_text(
        f'#!/bin/sh\nif [ "$1" = -vV ] || [ "$1" = -Vv ]; then exec {TOOLCHAIN}/bin/rustc -Vv | sed s/commit-hash/commit-{mark}/; fi\n'
        f'exec {TOOLCHAIN}/bin/rustc "$@"\n'
    )
    (folder / "rustc").chmod(0o755)
    if not (folder / "cargo").exists():
        (folder / "cargo").symlink_to(TOOLCHAIN / "bin/cargo")
    (folder / "rustup").write_text("#!/bin/sh\nexit 1\n")
    (folder / "rustup").chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_a_toolchain_that_was_updated_or_removed_gets_a_warm_build_of_its_own(place, home):
    prefix = installed(place / "one")
    path = compiler(place / "rust")
    assert shows(prefix, **home, PATH=path) == ["1"]
    # With another one on the PATH, sessions stay with it.
    assert shows(prefix, **home) == ["1"]
    assert len(made(home)) == 1
    compiler(place / "rust", "hash-2")
    assert "MISSING  warm build" in adlab(prefix, "doctor", **home).stdout
    assert shows(prefix, **home) == ["1"]
    assert len(made(home)) == 2
    shutil.rmtree(place / "rust")
    assert shows(prefix, **home) == ["1"]
    assert len(made(home)) == 3
    compiler(place / "rust")
    assert adlab(prefix, "install", "--prefix", str(place / "spec"), **home, PATH=path).stdout.endswith("is up to date\n")


def test_cargo_in_its_usual_place_is_found_by_the_first_session(place, home):
    """As rustup has just put it there, for a server that was started before: it is on no PATH, and nothing was noted."""
    prefix = installed(place / "one")
    folder = Path(home["CARGO_HOME"]) / "bin"
    folder.mkdir(parents=True)
    for name in ("cargo", "rustc"):
        (folder / name).symlink_to(TOOLCHAIN / "bin" / name)
    assert shows(prefix, **home, PATH="/usr/bin:/bin") == ["1"]


def test_without_any_toolchain_the_first_cell_says_how_to_get_one(place, home):
    prefix = installed(place / "one")
    for said in refuses(prefix, **home, PATH=str(place)):
        assert "cargo is missing" in said and "https://rustup.rs" in said, said


def test_a_shared_warm_build_of_another_toolchain_is_left_alone(place, home):
    prefix = installed(place / "one")
    compilers = compiler(place / "rust")
    assert adlab(prefix, "install", "--system", **home, PATH=compilers).returncode == 0
    assert shows(prefix, **home) == ["1"] and not made(home)
    shutil.rmtree(place / "rust")
    lock_up(prefix)
    before = files(prefix)
    assert shows(prefix, **home) == ["1"] and len(made(home)) == 1
    assert files(prefix) == before


def test_of_the_crates_only_those_of_this_system_are_downloaded(place, home):
    prefix = installed(place / "one", checkout=ROOT)
    others = ("bumpalo", "js-sys", "wasm-bindgen", "web-sys", "windows")
    locked = (prefix / "share/adlab/Cargo.lock").read_text()
    assert any(f'name = "{name}"' in locked for name in others)
    theirs, ours = (Path(folder) / "registry" for folder in (CARGO_HOME, home["CARGO_HOME"]))
    ours.mkdir(parents=True)
    (ours / "index").symlink_to(theirs / "index")
    for path in filter(Path.is_file, map(Path(CARGO_HOME).joinpath, ("config.toml", "config"))):
        shutil.copy(path, home["CARGO_HOME"])
    for crate in theirs.glob("cache/*/*.crate"):
        link = ours / crate.relative_to(theirs)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not crate.name.startswith(others):
            link.symlink_to(crate)
    prepared = adlab(prefix, "prepare", **home, CARGO_NET_OFFLINE="true")
    assert prepared.returncode == 0, prepared.stderr
    assert shows(prefix, ["let xs = vec![1.0, 2.0];", "xs.len()"], **home) == ["", "2"]


def test_a_checkout_has_no_warm_build_for_others():
    done = subprocess.run([ADLAB, "install", "--system"], capture_output=True, text=True)
    assert done.returncode == 1 and "adlab install --into PREFIX" in done.stderr
