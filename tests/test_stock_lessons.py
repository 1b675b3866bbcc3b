"""The lessons under the stock kernel, `adlab stock`: every cell does there what it should, and what needs ours says so."""

import nbformat
import pytest
from conftest import SOLUTIONS, Session

# In their place stands the first picture, and a word on what would move.
MOVES = "With the kernel Rust (AD Lab), "


@pytest.fixture(scope="module")
def stock():
    """One session after the other: each has a kernel of its own."""
    sessions = []

    def start():
        while sessions:
            sessions.pop().close()
        sessions.append(Session(kernel="stock"))
        return sessions[-1]

    yield start
    while sessions:
        sessions.pop().close()


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_cell_of_a_lesson_runs_under_the_stock_kernel(stock, path):
    kernel, wrong = stock(), []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        reply, messages = kernel.run(cell.source, timeout=120)
        printed = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
        # There, a panic is no error, but text.
        failed = reply["status"] != "ok" or "panicked at" in printed
        if failed != ("raises-exception" in cell.metadata.get("tags", [])):
            wrong.append(f"{cell.id}: {printed[-1000:]} {reply}")
        figures = [m for m in messages if "image/svg+xml" in m["content"].get("data", {})]
        shown = [output for output in cell.outputs if "image/svg+xml" in output.get("data", {})]
        if bool(figures) != bool(shown):
            wrong.append(f"{cell.id} shows {len(figures)} figures, not {len(shown)}")
        moves = any("In Jupyter, " in output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        if moves != (MOVES in printed):
            wrong.append(f"{cell.id} says that it would move, or does not: {printed}")
    assert not wrong, "\n".join(wrong)
