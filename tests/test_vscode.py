"""VS Code's Jupyter extension, as its public source speaks: cells are named by addresses, and queued whatever fails."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from conftest import ADLAB, ROOT, SOLUTIONS, Session
from frames import Frames
from test_widgets import SLIDER, VIEW, FrontEnd

# A cell's address on this machine, in a codespace, in a notebook without a file, in the interactive window.
ADDRESSES = [
    "vscode-notebook-cell:/workspaces/lab/notebooks/1-forward%20mode.ipynb#W{}sZmlsZQ%3D%3D",
    "vscode-notebook-cell://codespaces%2Burban-space/workspaces/lab/1.ipynb#X{}sdnNjb2RlLXJlbW90ZQ%3D%3D",
    "vscode-notebook-cell:Untitled-1.ipynb?jupyter-notebook#W{}sdW50aXRsZWQ%3D",
    "vscode-notebook-cell:/home/a%20b/Interactive-1.interactive#'\"{}\\",
]


@pytest.fixture(scope="module")
def kernel():
    session = Session()
    yield session
    session.close()


def send(kernel, code, cell=None, metadata=None):
    """A cell of the notebook; without a name, what the extension asks on its own account, which does not count."""
    content = {"code": code, "silent": False, "store_history": cell is not None, "user_expressions": {}}
    content |= {"allow_stdin": True, "stop_on_error": False}
    metadata = ({"cellId": cell} | (metadata or {})) if cell else {}
    message = kernel.client.session.msg("execute_request", content, metadata=metadata)
    kernel.client.shell_channel.send(message)
    return message["header"]["msg_id"]


def run(kernel, code, cell=None, metadata=None):
    """The reply, and the text of what is shown."""
    request = send(kernel, code, cell, metadata)
    messages = [message["content"] for message in kernel.outputs(request)]
    text = "".join(m.get("text", "") + m.get("data", {}).get("text/plain", "") for m in messages)
    return kernel.reply(request), text


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_cell_that_is_edited_takes_the_place_of_what_it_was(kernel, address):
    first, second = address.format(0), address.format(1)
    run(kernel, "fn f() -> i32 { 1 }\nfn gone() {}", first)
    assert run(kernel, "f()", second)[1] == "1"
    run(kernel, "fn f() -> i32 { 2 }", first)
    assert run(kernel, "f()", second)[1] == "2"
    assert run(kernel, "gone()", second)[0]["ename"] == "CompileError"
    reply, _ = run(kernel, 'panic!("here");', second)
    assert reply["ename"] == "Panic" and "here" in reply["evalue"]


def test_the_metadata_of_the_cell_comes_with_it(kernel):
    nbgrader = {"grade": False, "grade_id": "x", "locked": False, "schema_version": 3, "solution": True, "task": False}
    metadata = {"nbgrader": nbgrader, "tags": ["raises-exception"], "vscode": {"languageId": "rust"}, "collapsed": None}
    assert run(kernel, "6 * 7", ADDRESSES[0].format(2), metadata)[1] == "42"
    # It may even have the field's own name.
    for odd in (7, None, ["a"], {"id": "b"}):
        assert run(kernel, "6 * 7", ADDRESSES[0].format(2), {"cellId": odd, "deletedCells": odd})[1] == "42"


def test_what_the_extension_asks_is_no_cell(kernel):
    count = run(kernel, "let x = 3; fn of_the_cell() {}", ADDRESSES[0].format(3))[0]["execution_count"]
    reply, text = run(kernel, "println!(\"{x}\"); x + 1")
    assert (reply["execution_count"], text) == (count, "3\n4")
    reply, text = run(kernel, "no_such_name")
    assert reply["status"] == "error" and reply["execution_count"] == count
    assert run(kernel, "")[0]["status"] == "ok"
    assert run(kernel, "of_the_cell(); x", ADDRESSES[0].format(4))[0]["execution_count"] == count + 1


def test_cells_that_wait_run_though_one_before_them_fails(kernel):
    requests = [send(kernel, code, ADDRESSES[0].format(5 + n)) for n, code in enumerate(["panic!()", "1 + 1", "2 + 2"])]
    assert [kernel.reply(request)["status"] for request in requests] == ["error", "ok", "ok"]


def test_an_interrupt_is_a_message(kernel):
    """The kernelspec says so; the extension sends it on the control channel."""
    request = send(kernel, "loop {}", ADDRESSES[0].format(8))
    for message in kernel.outputs(request):
        if message["msg_type"] == "execute_input":
            with Frames(kernel, "control") as control:
                asked = control.message("interrupt_request")
                control.send(asked)
                assert control.reply()["content"]["status"] == "ok"
    assert kernel.reply(request)["ename"] == "Interrupted"


def test_what_it_asks_at_the_start_and_while_a_cell_is_written(kernel):
    run(kernel, "let angle = 0.5;", ADDRESSES[0].format(9))
    asked = {
        "kernel_info_request": {},
        "comm_info_request": {"target_name": "jupyter.widget"},
        "complete_request": {"code": "angle.co", "cursor_pos": 8},
        "inspect_request": {"code": "angle.cos()", "cursor_pos": 7, "detail_level": 0},
        "is_complete_request": {"code": "fn f() {"},
        "history_request": {"hist_access_type": "tail", "n": 2, "raw": True, "output": False},
    }
    with Frames(kernel) as frames:
        replies = {}
        for kind, content in asked.items():
            frames.send(frames.message(kind, content))
            reply = frames.reply()
            replies[reply["msg_type"]] = reply["content"]
    assert list(replies) == [kind.replace("_request", "_reply") for kind in asked]
    assert replies["kernel_info_reply"]["language_info"]["name"] == "rust"
    assert "cos()" in replies["complete_reply"]["matches"] and replies["inspect_reply"]["found"]


def test_a_slider_moves(kernel):
    """Its widgets are those of ipywidgets 8: it asks which there are, opens the models, and tells of a move in an update."""
    front, cell = FrontEnd(kernel), ADDRESSES[1].format(10)
    _, messages = front.run(SLIDER, cell=cell, stop_on_error=False)
    [shown] = [m["content"]["data"] for m in messages if m["msg_type"] == "display_data"]
    assert shown[VIEW]["model_id"] in front.models and "<svg" in shown["image/svg+xml"]
    comms = kernel.reply(kernel.client.comm_info("jupyter.widget"))["comms"]
    assert set(comms) == set(front.models)
    # An old manager asks each for its state, on a page that is opened again.
    for model in comms:
        assert [m["content"]["data"]["method"] for m in front.comm(model, method="request_state")] == ["update"]
    front.set(front.one("FloatSliderModel"), value=2.0)
    assert "The tangent at x = 2 " in front.page
    front.run(SLIDER, cell=cell, stop_on_error=False)
    assert "The tangent at x = 0 " in front.page
    front.run("()", cell=cell, stop_on_error=False)
    assert front.models == {}


@pytest.mark.parametrize("path", SOLUTIONS[:1], ids=lambda path: path.stem)
def test_a_lesson_passes(fresh_kernel, path):
    for n, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type == "code":
            reply, _ = run(fresh_kernel, cell.source, ADDRESSES[1].format(n), cell.metadata)
            expected = "error" if "raises-exception" in cell.metadata.get("tags", []) else "ok"
            assert reply["status"] == expected, reply


def test_the_dev_container_is_read_and_its_commands_are_commands():
    """By the command line tool of dev containers; without Docker, `true` says that no container runs yet."""
    if not shutil.which("npx"):
        pytest.skip("there is no npx, which would get the dev containers' own tool")
    read = ["npx", "--yes", "@devcontainers/cli@0.89.0", "read-configuration"]
    done = subprocess.run([*read, "--workspace-folder", ROOT, "--docker-path", "true"], capture_output=True, text=True)
    if not done.stdout:
        pytest.skip(f"the dev containers' own tool does not run here: {done.stderr[-300:]}")
    configuration = json.loads(done.stdout)["configuration"]
    # A hook whose name is mistyped would be passed over in silence.
    hooks = {name: command for name, command in configuration.items() if name.endswith("Command")}
    assert set(hooks) == {"onCreateCommand", "updateContentCommand"}
    for command in hooks.values():
        assert subprocess.run(["bash", "-n", "-c", command]).returncode == 0
    assert "adlab install --user" in hooks["updateContentCommand"]
    assert "ms-toolsai.jupyter" in configuration["customizations"]["vscode"]["extensions"]
    for name in configuration["customizations"]["codespaces"]["openFiles"]:
        assert (ROOT / name).is_file()


def test_the_user_s_kernelspec_names_a_program_that_is_there(tmp_path):
    """VS Code looks among the user's kernels, and hides those whose program it does not find."""
    subprocess.run([ADLAB, "install", "--user"], env=os.environ | {"JUPYTER_DATA_DIR": str(tmp_path)}, check=True)
    spec = json.loads((tmp_path / "kernels/adlab/kernel.json").read_text())
    assert Path(spec["argv"][0]).is_absolute() and os.access(spec["argv"][0], os.X_OK)
    assert spec["language"] == "rust" and spec["interrupt_mode"] == "message"
