"""Colab, made here: how it starts a kernel, what it has in the environment, what its front end asks and saves."""

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ADLAB, ROOT, SOLUTIONS, Session
from frames import Frames, published
from nbgrader.api import Gradebook
from test_installation import TOOLCHAIN, kernel
from test_widgets import SLIDER, FrontEnd
from wheel import wheel

PAGE = ROOT / "docs" / "colab-binder-codespaces.md"

# As on its machines; folders that are not there are part of it.
ENVIRONMENT = {
    "COLAB_RELEASE_TAG": "release-colab",
    "LD_LIBRARY_PATH": "/usr/lib64-nvidia:/usr/local/cuda/lib64:",
    "PYTHONPATH": "/env/python",
    "PYTHONWARNINGS": "ignore:::pip._internal.cli.base_command",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "CLICOLOR": "1",
    "PAGER": "cat",
    "LC_ALL": "en_US.UTF-8",
}

# Colab puts another allocator before all programs; this one counts as one.
ALLOCATOR = """
#include <stddef.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void __libc_free(void *);
void *malloc(size_t size) { return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return __libc_realloc(old, size); }
void free(void *old) { __libc_free(old); }
"""


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """Starts a kernel as Colab does."""
    folder = tmp_path_factory.mktemp("colab")
    allocator = folder / "libtcmalloc.so.4"
    (folder / "allocator.c").write_text(ALLOCATOR)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", allocator, folder / "allocator.c"], check=True)
    sessions = []

    def start():
        # The notebook is Google's, and nothing of the project lies beside it.
        sessions.append(Session("ipc", cwd=str(folder), LD_PRELOAD=str(allocator), **ENVIRONMENT))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


def as_saved_by_colab(path):
    """Without the kernel's language and the cells' ids, and with marks of its own."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = {"colab": {"provenance": []}, "kernelspec": {"name": "adlab", "display_name": "Rust (AD Lab)"}}
    notebook.nbformat_minor = 0
    for n, cell in enumerate(notebook.cells):
        del cell["id"]
        cell.metadata |= {"id": f"Xy{n}", "outputId": f"0-{n}", "colab": {"base_uri": "https://localhost:8080/"}}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_a_lesson_passes(colab, path):
    kernel = colab()
    figures = 0
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        # It says nothing of which cell this is.
        reply, messages = kernel.run(cell.source, timeout=120, allow_stdin=True)
        expected = "error" if "raises-exception" in cell.metadata.get("tags", []) else "ok"
        assert reply["status"] == expected, reply
        figures += sum("image/png" in message["content"].get("data", {}) for message in messages)
        assert not [m for m in messages if m["msg_type"] == "stream" and m["content"]["name"] == "stderr"]
    assert figures >= 3


def test_cells_have_its_environment(colab):
    kernel = colab()
    for name in [*ENVIRONMENT, "LD_PRELOAD"]:
        said = kernel.text(f'println!("{{}}", std::env::var("{name}").unwrap());').strip()
        assert said == ENVIRONMENT.get(name, said) and (name != "LD_PRELOAD" or said.endswith("libtcmalloc.so.4"))
    # Programs that a cell starts are Colab's own, and find what they always find.
    assert kernel.text("!printenv PYTHONPATH").strip() == ENVIRONMENT["PYTHONPATH"]


def test_without_ids_a_cell_that_runs_again_counts_anew(colab):
    kernel = colab()
    assert kernel.text("fn square(x: f64) -> f64 { x * x }\nsquare(3.0)") == "9.0"
    assert kernel.text("fn square(x: f64) -> f64 { x * x + 1.0 }\nsquare(3.0)") == "10.0"
    assert kernel.run("square(")[0]["ename"] == "CompileError"
    assert kernel.text("square(1.0)") == "2.0"


def test_sliders_move_though_no_cell_has_a_name(colab):
    front = FrontEnd(colab())
    front.run(SLIDER)
    front.set(front.one("FloatSliderModel"), value=1.5)
    assert "The tangent at x = 1.5 " in front.page
    # Run again, or in another cell: each answers for itself.
    front.run(SLIDER)
    front.run(SLIDER.replace('"x"', '"at"'))
    first, second = front.all("FloatSliderModel")
    pages = front.all("HTMLModel")
    front.set(first, value=-1.0)
    front.set(second, value=2.0)
    for page, at in zip(pages, (-1, 2), strict=True):
        assert f"The tangent at x = {at} " in front.models[page]["value"]


def test_what_its_front_end_opens_and_asks_holds_up_nothing(colab):
    kernel = colab()
    kernel.run("let x = 6.0;")
    comm = {"comm_id": "c-1", "target_name": "jupyter.widget", "target_module": None, "data": {"state": {}}}
    requests = [
        ("comm_open", comm),
        ("comm_open", {**comm, "comm_id": "c-2", "target_name": "google.colab"}),
        ("comm_msg", {"comm_id": "c-1", "data": {"method": "request_states"}}),
        ("comm_msg", {"comm_id": "never-opened", "data": {}}),
        ("comm_close", {"comm_id": "c-1", "data": {}}),
        ("comm_info_request", {"target_name": "jupyter.widget"}),
        ("colab_request", {"request": {"type": "anything"}}),
        ("complete_request", {"code": "x.si", "cursor_pos": 4}),
        ("inspect_request", {"code": "x", "cursor_pos": 1, "detail_level": 0}),
    ]
    with Frames(kernel) as frames:
        for kind, content in requests:
            frames.send([*frames.message(kind, content), b"a buffer"])
        last = frames.execute("x * 7.0", allow_stdin=True)
        frames.send(last)
        seen = published(kernel, frames.id(last))
    results = [m["content"]["data"]["text/plain"] for m in seen if m["msg_type"] == "execute_result"]
    assert results == ["42.0"]
    assert {m["content"]["comm_id"] for m in seen if m["msg_type"] == "comm_close"} == {"c-1", "c-2"}


def test_kernels_that_follow_one_another_share_their_sockets_names(colab):
    """Its server keeps the address of a kernel that it starts anew, and one that was killed has left its files there."""
    kernel = colab()
    kernel.run("let x = 1;")
    for end in (None, signal.SIGKILL):
        if end:
            os.kill(kernel.manager.provisioner.pid, end)
        kernel.manager.restart_kernel(now=end is not None)
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.run("x")[0]["ename"] == "CompileError"
        assert kernel.text("20 + 22") == "42"
    request = kernel.send("loop {}")
    while kernel.client.get_iopub_msg(timeout=60)["msg_type"] != "execute_input":
        pass
    kernel.manager.interrupt_kernel()
    assert kernel.reply(request)["ename"] == "Interrupted"


def test_a_notebook_that_it_has_saved_runs(tmp_path):
    path = tmp_path / SOLUTIONS[0].name
    nbformat.write(as_saved_by_colab(SOLUTIONS[0]), path)
    done = subprocess.run([ADLAB, "run", "--in-place", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    saved = json.loads(path.read_text())
    nbformat.validate(saved)
    assert saved["metadata"]["colab"] == {"provenance": []}


def test_students_notebooks_are_made_from_one_that_it_has_saved(tmp_path):
    path = tmp_path / "in" / SOLUTIONS[0].name
    path.parent.mkdir()
    nbformat.write(as_saved_by_colab(SOLUTIONS[0]), path)
    subprocess.run([ADLAB, "assign", "--output", tmp_path, path], check=True, capture_output=True)
    made, ours = (
        [cell.source for cell in nbformat.read(folder / path.name, as_version=4).cells]
        for folder in (tmp_path, ROOT / "notebooks")
    )
    assert made == ours


# In place of what is downloaded: it takes the same words, and gives the toolchain of this machine.
RUSTUP = f"""#!/bin/sh
echo "$@" >>"$HOME/downloads"
cat <<'INSTALLER'
[ "$*" = "-qy --profile minimal -c rust-src --default-toolchain 1.95.0" ] || exit 9
mkdir -p ~/.cargo/bin && ln -s {TOOLCHAIN}/bin/cargo {TOOLCHAIN}/bin/rustc ~/.cargo/bin
INSTALLER
"""


def test_the_set_up_cell_gives_a_kernel_and_may_run_twice(tmp_path):
    home, programs, prefix = tmp_path / "root", tmp_path / "programs", tmp_path / "usr"
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    for folder in (home, programs):
        folder.mkdir()
    (programs / "curl").write_text(RUSTUP)
    (programs / "curl").chmod(0o755)
    environment = {
        "HOME": str(home),
        "PATH": f"{programs}:{prefix}/bin:/usr/bin:/bin",
        "XDG_CACHE_HOME": str(home / "cache"),
        "CARGO_HOME": str(home / ".cargo"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        **ENVIRONMENT,
        "LC_ALL": "C.UTF-8",
    }
    [cell] = re.findall(r"```python\n%%bash\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(cell.splitlines()) <= 4
    cell = re.sub(r"(?<=pip install -q )\S+", str(wheel(tmp_path)), cell)
    shared = prefix / "share/adlab"
    for _ in range(2):
        done = subprocess.run(["bash", "-c", cell], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done
        marks = {path: path.stat().st_mtime_ns for path in shared.glob("warm*")}
    assert (home / "downloads").read_text() == "-fsSL https://sh.rustup.rs\n" and marks
    assert done.stdout.endswith("is up to date\n") and not done.stderr.strip(), done
    session = kernel(prefix, transport="ipc", cwd=str(home), **environment)
    try:
        assert session.text("let x = 20.5; x * 2.0", timeout=300).strip() == "41.0"
        assert session.run("plot(|x| x * x, 0.0..1.0)")[0]["status"] == "ok"
    finally:
        session.close()
    assert marks == {path: path.stat().st_mtime_ns for path in shared.glob("warm*")}


def test_nbgrader_grades_one_that_it_has_saved(tmp_path):
    """Nothing is found by the kernel's language that is lost: nbgrader puts the course's own kernelspec back first."""
    name = SOLUTIONS[0].name
    (tmp_path / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(tmp_path)!r}\n"
        'c.ClearSolutions.code_stub = {"rust": "todo!()"}\nc.OverwriteCells.add_missing_cells = False\n'
        "c.Execute.timeout = 120\nc.Execute.startup_timeout = 120\n"
    )
    source, submitted = tmp_path / "source" / "week", tmp_path / "submitted" / "ann" / "week"
    for folder in (source, submitted):
        folder.mkdir(parents=True)
    shutil.copy(SOLUTIONS[0], source)
    nbformat.write(as_saved_by_colab(SOLUTIONS[0]), submitted / name)
    # nbgrader looks for the programs of its environment on the PATH.
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in ("generate_assignment", "autograde"):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", command, "week"], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    graded = nbformat.read(tmp_path / "autograded" / "ann" / "week" / name, as_version=4)
    assert graded.metadata.kernelspec.language == "rust"
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        submission = book.find_submission("week", "ann")
        [notebook] = submission.notebooks
        automatic = [grade for grade in notebook.grades if grade.cell.cell_type == "code"]
        assert automatic and all(grade.auto_score == grade.max_score for grade in automatic)


def test_the_program_needs_no_newer_glibc_than_the_documentation_says():
    [promised] = set(re.findall(r"glibc (\d+\.\d+)", PAGE.read_text()))
    needed = max(glibc_versions(ADLAB))
    assert needed <= tuple(map(int, promised.split("."))) <= (2, 34)
    # So does the wheel's name.
    assert f"manylinux_{promised.replace('.', '_')}_x86_64.whl" in (ROOT / "scripts/links").read_text()


def glibc_versions(program):
    """What the dynamic linker asks of glibc for this program: the names in its section `.gnu.version_r`."""
    data = open(program, "rb").read()
    [offset], (size, count) = struct.unpack_from("<Q", data, 40), struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + n * size) for n in range(count)]
    needs = 0x6FFFFFFE
    [(start, strings, entries)] = [(s[4], sections[s[6]][4], s[7]) for s in sections if s[1] == needs]
    for _ in range(entries):
        _, versions, _, first, following = struct.unpack_from("<HHIII", data, start)
        at = start + first
        for _ in range(versions):
            _, _, _, name, further = struct.unpack_from("<IHHII", data, at)
            text = data[strings + name : data.index(b"\0", strings + name)].decode()
            if re.fullmatch(r"GLIBC_\d+\.\d+(\.\d+)?", text):
                yield tuple(map(int, text[6:].split(".")))
            at += further
        start += following
