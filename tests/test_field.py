"""Cases that were met in the field, as data: each file of `field/` has what happened to someone, cells, and what is right.

    What happened, in a line or more.
    --- id                    a cell follows, with the front end's name for it, or with none
    let p = P(3);
    => text                   its outputs have this text
    => - text                 … or haven't
    => ! words                it fails, and its error (kind, message, what is shown) has these words; without it, it must not
"""

import re
from pathlib import Path

import pytest

CASES = sorted((Path(__file__).parent / "field").glob("*.txt"))
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def cells(text):
    """The cells of a case: name, code, what is expected."""
    blocks = re.split(r"^---(.*)\n", text, flags=re.M)[1:]
    for name, block in zip(blocks[::2], blocks[1::2], strict=True):
        lines = block.splitlines()
        expected = [line.removeprefix("=>").strip() for line in lines if line.startswith("=>")]
        yield name.strip() or None, "\n".join(line for line in lines if not line.startswith("=>")), expected


def outputs(messages):
    for message in messages:
        content = message["content"]
        if message["msg_type"] == "stream":
            yield content["text"]
        elif "data" in content:
            yield content["data"].get("text/plain", "")


@pytest.fixture(scope="module")
def kernel(started):
    return started()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_was_met_in_the_field(kernel, path):
    # Everything begins anew, and cells are counted from 1.
    assert kernel.run(":clear", store_history=False)[0]["status"] == "ok"
    first = None
    for name, code, expected in cells(path.read_text()):
        # The same id in another case is another cell.
        reply, messages = kernel.run(code, cell=name and f"{path.stem}-{name}")
        first = first or reply["execution_count"]
        seen, error = "".join(outputs(messages)), ""
        if reply["status"] == "error":
            error = COLOURS.sub("", f"{reply['ename']}: {reply['evalue']}\n" + "\n".join(reply["traceback"]))
        here = f"{path.name}: {code!r} shows {seen!r}, and {error!r}"
        assert bool(error) == any(words.startswith("!") for words in expected), here
        for words in expected:
            # Numbers of cells are those within the case.
            number = lambda found: f"[{int(found[1]) + first - 1}]"
            text = re.sub(r"\[(\d+)\](?!\])", number, words.lstrip("!- ")) if "cell [" in words else words.lstrip("!- ")
            if words.startswith("- "):
                assert text not in seen, here
            else:
                where = error if words.startswith("!") else seen
                # A line that is too long goes on below.
                assert text in where or text in re.sub(r"\n +", " ", where), f"no {text!r} in {here}"
