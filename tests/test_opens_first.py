"""The folder that opens first has the lessons, and nothing of what would spoil them; who learns alone gets at it."""

import json
import re
import shlex
import shutil
import urllib.request

import pytest
from browser import Lab
from conftest import ROOT, SOLUTIONS

LESSONS = {path.name for path in SOLUTIONS}


def as_in_a_checkout():
    [names] = re.findall(r"^  for name in (.+); do$", (ROOT / "scripts/lab").read_text(), re.MULTILINE)
    return shlex.split(names)


def as_on_binder():
    return json.loads((ROOT / ".binder/server.json").read_text())["ContentsManager"]["hide_globs"]


@pytest.mark.parametrize("hidden", [as_in_a_checkout, as_on_binder], ids=lambda hidden: hidden.__name__)
def test_the_file_browser_lists_the_lessons_alone(hidden, tmp_path):
    names = hidden()
    lab = Lab(tmp_path, *[f"--ContentsManager.hide_globs={name}" for name in names])
    shutil.copytree(ROOT / "notebooks", lab.folder, dirs_exist_ok=True)

    def contents(path, **query):
        query = "".join(f"&{name}={value}" for name, value in query.items())
        with urllib.request.urlopen(f"{lab.address}/api/contents/{path}?token={lab.token}{query}", timeout=20) as answer:
            return json.load(answer)

    try:
        assert {entry["name"] for entry in contents("")["content"]} - {".ipynb_checkpoints"} == LESSONS
        # They open by their address, as from a link.
        assert contents("solutions/1-forward-mode.ipynb", content=0)["type"] == "notebook"
    finally:
        lab.close()


def test_in_vs_code_it_is_the_same():
    text = (ROOT / ".devcontainer/devcontainer.json").read_text()
    hidden = json.loads(re.search(r'"files.exclude": (\{.+?\})', text)[1])
    beside = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert {name for name, is_hidden in hidden.items() if is_hidden} >= beside >= {"notebooks/solutions"}
