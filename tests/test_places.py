"""Where sessions live: any TMPDIR, HOME and folder that the system allows, whatever else is set for other builds; and where
one can't serve, the first cell and `adlab doctor` say so, and what to set."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ADLAB, ROOT, Session

CELLS = ["let xs = vec![1.5, 2.0];", "println!(\"{}\", xs.len());", "assert_eq!(xs[0], 1.5); derivative(|x| x * x, xs[1])"]


def notebook(folder, cells=CELLS):
    cell = lambda number, code: {
        "cell_type": "code", "id": f"c{number}", "metadata": {}, "source": code, "outputs": [], "execution_count": None
    }
    metadata = {"kernelspec": {"name": "adlab", "language": "rust", "display_name": "x"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata}
    path = folder / "n.ipynb"
    path.write_text(json.dumps(content | {"cells": [cell(number, code) for number, code in enumerate(cells)]}))
    return path


def adlab(*arguments, cwd=None, unset=(), before="", **environment):
    """Runs it from a shell, after what comes before."""
    environment = {name: value for name, value in (os.environ | environment).items() if name not in unset}
    words = " ".join(f"'{argument}'" for argument in (ADLAB, *arguments))
    command = ["bash", "-c", f"{before} {words}"]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, errors="replace")


def works(folder, cells=CELLS, **options):
    done = adlab("run", notebook(folder, cells), **options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "types may not be found" not in done.stdout + done.stderr


ODD = ["with a blank", "länge-😀", "quo\"te`s", "b\\a\\n", "$HOME,;&#@x", "l" * 120, "/".join(["deep" * 40] * 6), "-a"]


@pytest.mark.parametrize("name", ODD, ids=lambda name: name[:14].replace("/", "-"))
def test_a_session_can_be_in_a_folder_of_any_name(tmp_path, name):
    (tmp_path / name).mkdir(parents=True)
    works(tmp_path, TMPDIR=str(tmp_path / name))


def test_a_cell_fails_and_is_undone_in_such_a_folder(tmp_path):
    folder = tmp_path / ("a b " * 30)
    folder.mkdir()
    session = Session(TMPDIR=str(folder))
    try:
        assert session.text("let mut v = vec![1]; v.len()") == "1"
        assert session.run("v.push(2); panic!(\"stop\");")[0]["ename"] == "Panic"
        assert session.run("v.push(3); std::process::abort();")[0]["ename"] == "Crash"
        # The answer, that there is none, comes through a socket in the folder.
        assert session.run("input(\"\")")[0]["evalue"].startswith("nobody is there to answer")
        assert session.text("v.len()") == "1"
    finally:
        session.close()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("value", ["", "here"], ids=["empty", "relative"])
def test_tmpdir_may_be_empty_or_relative(tmp_path, value):
    (tmp_path / "here").mkdir()
    works(tmp_path, cwd=tmp_path, TMPDIR=value)


def mounted(folder, options):
    """What has bash see a file system of its own at a folder."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("file systems can't be mounted here")
    return f"mount -t tmpfs -o {options} none '{folder}' &&"


def kernel_in(folder, inside):
    """A kernel with this TMPDIR; Jupyter's own client has no part in what is mounted there."""
    shell = f"{inside} TMPDIR='{folder}' exec '{ADLAB}' kernel --connection-file {{connection_file}}"
    return Session(argv=[*(["unshare", "-m"] if inside else []), "bash", "-c", shell])


CAN_T_SERVE = {
    "nowhere": (None, "is not there"),
    "a:b": (None, "':' in its name"),
    "noexec": ("noexec,size=400m", "no program may run (noexec)"),
    "read-only": ("ro", "is read-only"),
    "small": ("size=1m", "has room for 1 MB only"),
}


@pytest.mark.parametrize("name", CAN_T_SERVE)
def test_a_folder_that_can_t_serve_is_named_by_the_first_cell_and_by_the_doctor(tmp_path, name):
    options, reason = CAN_T_SERVE[name]
    folder = tmp_path / name
    if name != "nowhere":
        folder.mkdir()
    words = [f"TMPDIR is {folder}", reason, "set TMPDIR to"]
    inside = "" if options is None else mounted(folder, options)
    start = ["unshare", "-m"] if inside else []
    shell = f"{inside} TMPDIR='{folder}' exec '{ADLAB}' doctor"
    doctor = subprocess.run([*start, "bash", "-c", shell], capture_output=True, text=True)
    assert doctor.returncode == 1
    line = next(line for line in doctor.stdout.splitlines() if line.startswith("MISSING"))
    assert all(word in line for word in words), doctor.stdout
    session = kernel_in(folder, inside)
    try:
        reply = session.run("1 + 1")[0]
    finally:
        session.close()
    assert reply["ename"] == "KernelError" and all(word in reply["evalue"] for word in words), reply


def test_a_folder_that_has_become_full_is_told_of_and_all_goes_on_with_room(tmp_path):
    session = kernel_in(tmp_path, mounted(tmp_path, "size=300m"))
    try:
        assert session.text("let x = 1; x") == "1"
        session.run("!head -c 400M /dev/zero > $TMPDIR/filling")
        reply = session.run(f"struct S; // {tmp_path}")[0]
        assert reply["ename"] == "KernelError" and f"TMPDIR is {tmp_path}, which is full" in reply["evalue"], reply
        session.run("!rm $TMPDIR/filling")
        assert session.text(f"x + 1 // {tmp_path}") == "2"
    finally:
        session.close()


def test_a_session_whose_folder_was_removed_says_so(tmp_path):
    session = Session(TMPDIR=str(tmp_path))
    try:
        assert session.text("1 + 1") == "2"
        for folder in tmp_path.glob("adlab-*"):
            shutil.rmtree(folder)
        for _ in range(2):
            assert "is gone; restart the kernel" in session.run("let y = 1;")[0]["evalue"]
    finally:
        session.close()


# What the user has set for other builds, and would break cells.
SETTINGS = {
    "RUSTC_WRAPPER": "/no/such", "RUSTC_WORKSPACE_WRAPPER": "/no/such", "RUSTC": "/no/such", "CARGO": "/no/such",
    "RUSTFLAGS": "-Cpanic=abort", "CARGO_ENCODED_RUSTFLAGS": "-Cpanic=abort", "CARGO_PROFILE_DEV_PANIC": "abort",
    "CARGO_BUILD_TARGET": "wasm32-unknown-unknown", "CARGO_TARGET_DIR": "elsewhere", "RUSTUP_TOOLCHAIN": "no-such",
    "RUSTUP_HOME": "/no/such", "CARGO_HOME": "/no/such", "CARGO_TERM_COLOR": "always",
}  # fmt: skip


def test_settings_of_other_builds_do_not_count_for_cells(tmp_path):
    # With a constant that is new, so that it is compiled; and cargo's own call, as for a crate of the user's.
    crate = tmp_path / "own"
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text('[package]\nname = "own"\nversion = "0.1.0"\nedition = "2024"\n')
    (crate / "src/lib.rs").write_text("pub fn seven() -> i32 { 7 }\n")
    cells = [f"const PLACE: &str = {str(tmp_path)!r};".replace("'", '"'), f':dep own = {{ path = "{crate}" }}']
    cells += ["assert_eq!(own::seven(), 7); let caught = std::panic::catch_unwind(|| panic!()).is_err();", "assert!(caught);"]
    settings = {name: value for name, value in SETTINGS.items() if name != "CARGO_HOME"}
    works(tmp_path, cells, **settings)
    assert "RUSTC_WRAPPER" in adlab("doctor", **settings).stdout
    assert not (tmp_path / "elsewhere").exists()
    # Cells and what they start have them still.
    works(tmp_path, ["assert_eq!(std::env::var(\"RUSTFLAGS\").unwrap(), \"-Cpanic=abort\");"], **settings)


def test_nor_do_those_in_cargo_s_configuration(tmp_path):
    home = tmp_path / "cargo-home"
    home.mkdir()
    (home / "config.toml").write_text(
        "[build]\nrustc = '/no/such'\nrustc-wrapper = '/no/such'\nrustc-workspace-wrapper = '/no/such'\n"
        "target = 'wasm32-unknown-unknown'\ntarget-dir = '/no/such'\nrustflags = ['-Cpanic=abort']\n"
        "[profile.dev]\npanic = 'abort'\nlto = true\n"
    )
    works(tmp_path, [f"const HOME: &str = {json.dumps(str(home))};", *CELLS], CARGO_HOME=str(home))


@pytest.mark.parametrize("channel", ["1.56.0", "no-such-channel"])
def test_a_folder_with_another_toolchain_uses_the_one_of_the_installation(tmp_path, channel):
    (tmp_path / "rust-toolchain.toml").write_text(f'[toolchain]\nchannel = "{channel}"\n')
    works(tmp_path, cwd=tmp_path)


@pytest.mark.parametrize("home", [None, "empty", "/no/such"])
def test_home_may_be_any(tmp_path, home):
    if home == "empty":
        (tmp_path / home).mkdir()
        home = str(tmp_path / home)
    options = {"unset": ("HOME",)} if home is None else {"HOME": home}
    works(tmp_path, PATH="/usr/bin:/bin", **options)


@pytest.mark.parametrize("before", ["umask 277;", "ulimit -n 64;", "export LC_ALL=C;"])
def test_limits_of_the_shell_that_started_it(tmp_path, before):
    works(tmp_path, before=before)


@pytest.fixture
def group():
    """A group of processes within this one's, and the file that has its memory's limit."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    own = {controller: path for _, controllers, path in lines for controller in controllers.split(",")}
    version, file = ("memory", "memory.limit_in_bytes") if "memory" in own else ("", "memory.max")
    folder = Path("/sys/fs/cgroup", version, own.get(version, "/").lstrip("/"), f"adlab-test-{os.getpid()}")
    try:
        folder.mkdir()
        (folder / file).write_text(str(1 << 30))
    except OSError as error:
        if folder.exists():
            folder.rmdir()
        pytest.skip(f"a group of processes can't be given a limit here: {error}")
    yield folder
    for _ in range(100):
        try:
            folder.rmdir()
            break
        except OSError:
            time.sleep(0.1)


def too_much(session):
    """What a cell says that wants 700 MB; the variables are there after it."""
    session.run("let x = 1;")
    reply, _ = session.run("vec![1u8; 700 << 20].len()")
    assert session.text("x + 1").strip() == "2"
    session.close()
    return reply["ename"], reply["evalue"]


def test_a_cell_keeps_within_the_memory_of_its_group(group):
    kernel = ["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh", ADLAB, "kernel", "--connection-file"]
    ename, evalue = too_much(Session(argv=[*kernel, "{connection_file}"]))
    assert ename == "Crash" and "more memory than it may have (624.0 MB" in evalue


def test_a_cell_keeps_within_the_memory_that_a_hub_gives():
    ename, evalue = too_much(Session(MEM_LIMIT=str(1 << 30)))
    assert ename == "Crash" and "more memory than it may have (624.0 MB" in evalue


def test_a_notebook_runs_where_there_is_little_memory(tmp_path):
    works(tmp_path, MEM_LIMIT=str(512 << 20))


def test_a_folder_that_is_gone_is_told_of(tmp_path):
    done = adlab("run", notebook(tmp_path), cwd=tmp_path, before="mkdir gone && cd gone && rmdir ../gone &&")
    assert done.returncode == 1 and "is gone; start it in one that is there" in done.stderr


def test_a_folder_that_goes_while_the_kernel_runs_takes_nothing_along(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    session = Session(cwd=str(folder))
    try:
        assert session.text("let x = 41;") == ""
        folder.rmdir()
        assert session.text("x + 1") == "42"
        assert session.run("std::process::abort();")[0]["ename"] == "Crash"
        assert session.text("x + 2") == "43"
        assert session.run(":restart")[0]["status"] == "ok"
        assert session.text("1 + 1") == "2"
    finally:
        session.close()


def test_a_name_that_is_no_text_is_told_of(tmp_path):
    folder = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(folder)
    shutil.copy(notebook(tmp_path), folder + b"/n.ipynb")
    done = subprocess.run([ADLAB.encode(), b"run", folder + b"/n.ipynb"], capture_output=True, text=True, errors="replace")
    assert done.returncode == 1 and "is no UTF-8" in done.stderr
    subprocess.run([ADLAB, "run", "n.ipynb"], cwd=folder, check=True, capture_output=True)


def test_a_checkout_can_be_in_a_folder_of_any_name(tmp_path):
    home = tmp_path / "my \"check'out\" é $x" / ("l" * 100)
    for name in ["crates/adlab", "crates/adlab-notebook", "crates/adlab-kernel", "kernel-spec"]:
        shutil.copytree(ROOT / name, home / name)
    for name in ["Cargo.toml", "Cargo.lock"]:
        shutil.copy(ROOT / name, home)
    environment = os.environ | {"ADLAB_HOME": str(home)}
    subprocess.run([ADLAB, "install", "--prefix", str(home / "prefix")], env=environment, check=True, capture_output=True)
    for _ in range(2):
        works(tmp_path, ADLAB_HOME=str(home))


# Whoever asks the network asks this port, where nobody listens.
NO_NETWORK = {name: "http://127.0.0.1:9" for name in ("CARGO_HTTP_PROXY", "HTTPS_PROXY", "https_proxy")}


def test_without_a_network_only_the_cell_that_needs_one_fails(tmp_path):
    session = Session(CARGO_NET_RETRY="0", CARGO_HOME=str(tmp_path), **NO_NETWORK)
    try:
        for _ in range(2):
            reply = session.run(':dep itertools = "0.5"')[0]
            assert reply["ename"] == "CompileError" and reply["evalue"].startswith("no network"), reply
            assert session.text("let x = vec![1]; derivative(|x| x * x, 2.0)") == "4.0"
            assert session.text("async fn f() -> i32 { 7 }\nf().await") == "7"
            assert session.run("fn g() { f().await; }")[0]["ename"] == "CompileError"
            assert session.text("x.len()") == "1"
            assert session.run(":clear")[0]["status"] == "ok"
        session.run(":offline 1")
        assert ":offline 0" in "\n".join(session.run(':dep itertools = "0.5"')[0]["traceback"])
        assert session.text("1 + 1") == "2"
    finally:
        session.close()


def test_a_crate_that_does_not_compile_is_not_added(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "broken"\nversion = "0.1.0"\nedition = "2024"\n')
    (tmp_path / "src/lib.rs").write_text("pub fn f( {\n")
    session = Session()
    try:
        reply = session.run(f':dep broken = {{ path = "{tmp_path}" }}')[0]
        assert reply["ename"] == "CompileError" and "Nothing was added" in "\n".join(reply["traceback"])
        assert session.text("1 + 1") == "2"
    finally:
        session.close()


def test_files_are_included_from_the_notebook_s_folder(tmp_path):
    folder = tmp_path / "a b"
    folder.mkdir()
    (tmp_path / "above.txt").write_text("above")
    (folder / "data.txt").write_text("beside")
    (folder / "value.rs").write_text("6 * 7")
    (folder / "helpers.rs").write_text("pub fn twice(x: i32) -> i32 { 2 * x }")
    (folder / "wrong.rs").write_text("\npub fn f() -> i32 { \"a\" }")
    cells = {
        'include_str!("data.txt")': '"beside"',
        'let text = include_str!("../above.txt"); text': '"above"',
        'let bytes = include_bytes!(concat!("data", ".txt")); bytes.len()': "6",
        'fn load() -> &\'static str { include_str!("data.txt") } load()': '"beside"',
        'println!("{}", include_str!("data.txt"));': "beside\n",
        'include!("value.rs")': "42",
        'mod helpers;\nhelpers::twice(4)': "8",
        'std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data.txt")).unwrap()': '"beside"',
    }
    # `adlab run` from anywhere, as Jupyter in that folder.
    asserts = [code for code, text in cells.items() if not text.endswith("\n")]
    works(folder, asserts, cwd="/")
    session = Session(cwd=str(folder))
    try:
        for code, text in cells.items():
            assert session.text(code) == text
        (folder / "data.txt").write_text("anew")
        assert session.text("load()") == '"anew"'
        missing = session.run('include_str!("none.txt")')[0]
        assert str(folder / "none.txt") in missing["evalue"]
        assert f"line 2 of {folder / 'wrong.rs'}" in session.run("mod wrong;")[0]["evalue"]
        assert session.text("1 + 1") == "2"
    finally:
        session.close()
