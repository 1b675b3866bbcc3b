"""What cells leave behind: what their threads print later, variables that end with the session, cells that were deleted."""

import json
import subprocess
import time

import nbformat
import pytest

from conftest import ADLAB

LATE = '''std::thread::spawn(|| for i in 0..3 {
    std::thread::sleep(std::time::Duration::from_millis(150));
    println!("late {i}");
});'''
WRITER = """use std::io::Write;
let mut writer = std::io::BufWriter::new(std::fs::File::create({path}).unwrap());
write!(writer, "written at the end").unwrap();"""
DROPS = """struct Loud(i32);
impl Drop for Loud {{ fn drop(&mut self) {{ {what} }} }}
let loud = Loud(7);"""


def printed(session, request, seconds):
    """What comes for a request that has been answered."""
    text, end = "", time.time() + seconds
    while time.time() < end:
        try:
            message = session.client.get_iopub_msg(timeout=0.1)
        except Exception:
            continue
        if message["parent_header"].get("msg_id") == request and message["msg_type"] == "stream":
            text += message["content"]["text"]
    return text


def test_what_a_thread_prints_later_stands_under_its_cell(fresh_kernel):
    request = fresh_kernel.send(LATE)
    assert [message["msg_type"] for message in fresh_kernel.outputs(request)] == ["execute_input"]
    assert fresh_kernel.reply(request)["status"] == "ok"
    assert printed(fresh_kernel, request, 1.5) == "late 0\nlate 1\nlate 2\n"


def test_or_under_the_next(fresh_kernel):
    fresh_kernel.run(LATE)
    text = fresh_kernel.text("std::thread::sleep(std::time::Duration::from_millis(800)); 5")
    assert "late 2\n" in text and text.endswith("5")


@pytest.mark.parametrize("end", [":restart", ":clear", "the session's end"])
def test_variables_are_dropped_at_the_end(started, tmp_path, end):
    session = started()
    session.run(WRITER.format(path=json.dumps(str(tmp_path / "file"))))
    session.run(DROPS.format(what='println!("dropped {}", self.0);'))
    if end.startswith(":"):
        assert "dropped 7" in session.text(end)
    else:
        session.close()
    assert (tmp_path / "file").read_text() == "written at the end"


@pytest.mark.parametrize("what", ["loop {}", 'panic!("in a destructor")', "std::process::abort()"])
def test_a_destructor_at_fault_holds_nothing_up(started, tmp_path, what):
    session = started()
    session.run(DROPS.format(what=what))
    begin = time.time()
    session.close()
    # Jupyter gives a kernel 5 s before it kills it.
    assert time.time() - begin < 5


def test_a_notebook_has_all_of_it(tmp_path):
    codes = [
        WRITER.format(path=json.dumps(str(tmp_path / "file"))),
        DROPS.format(what='println!("dropped {}", self.0);'),
        LATE,
        "std::thread::sleep(std::time::Duration::from_millis(250)); 1",
        "std::thread::sleep(std::time::Duration::from_millis(500)); 2",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    notebook.metadata.kernelspec = {"name": "adlab", "display_name": "adlab", "language": "rust"}
    path = tmp_path / "n.ipynb"
    nbformat.write(notebook, path)
    subprocess.run([ADLAB, "run", "--in-place", path], check=True)
    cells = nbformat.read(path, 4).cells
    text = "".join(output.get("text", "") for cell in cells[3:] for output in cell.outputs if output.get("name") == "stdout")
    assert text == "late 0\nlate 1\nlate 2\ndropped 7\n"
    assert (tmp_path / "file").read_text() == "written at the end"


def test_a_deleted_cell_defines_nothing_any_more(fresh_kernel):
    fresh_kernel.run("fn f() -> i32 { 1 }", cell="a")
    fresh_kernel.run("fn f() -> i32 { 2 } fn g() -> i32 { 3 }", cell="b")
    assert fresh_kernel.text("f() + g()", cell="c") == "5"
    # What it had replaced comes back.
    assert fresh_kernel.text("f()", cell="c", deleted=["b", "never seen"]) == "1"
    reply, _ = fresh_kernel.run("g()", cell="c")
    assert "cannot find function `g`" in reply["evalue"]
    # An undone deletion: the cell is there again as soon as it runs.
    fresh_kernel.run("fn g() -> i32 { 4 }", cell="b")
    assert fresh_kernel.text("g()", cell="c") == "4"
