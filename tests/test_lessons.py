"""What every lesson should be: hints where they are needed, tidy code, links that lead somewhere, figures that say what they
show, and small files."""

import re
import shutil
import subprocess

import nbformat
import pytest
from conftest import ROOT, SOLUTIONS

HANDED_OUT = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_solution = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
each_notebook = pytest.mark.parametrize("path", [*SOLUTIONS, *HANDED_OUT], ids=lambda path: f"{path.parent.name}-{path.stem}")

HINTS = ["Hint 1: a question", "Hint 2: the rule", "Hint 3: nearly the line"]
# Cells are compact: they are read on a screen, beside the text.
STYLE = "max_width=116,use_small_heuristics=Max,struct_lit_width=36,chain_width=90"


def cells(path):
    return nbformat.read(path, as_version=4).cells


def folded(text):
    """What unfolds in a text: each summary, and what is under it."""
    return re.findall(r"^<details><summary>(.+?)</summary>\n\n(.+?)\n\n</details>$", text, re.MULTILINE | re.DOTALL)


@each_notebook
def test_three_hints_stand_above_every_answer(path):
    all_cells, missing = cells(path), []
    for above, cell in zip(all_cells, all_cells[1:]):
        if not cell.metadata.get("nbgrader", {}).get("solution"):
            continue
        hints = folded(above.source) if above.cell_type == "markdown" else []
        if [summary for summary, _ in hints] != HINTS:
            missing.append(f"{cell.id}: {[summary for summary, _ in hints]}")
            continue
        question, rule, line = (text for _, text in hints)
        # The first asks, and the last leaves something to do.
        if "?" not in question or "?" in rule or "…" not in line and r"\dots" not in line:
            missing.append(f"{cell.id}: {question}, {rule}, {line}")
    assert not missing, "\n".join(missing)


@each_solution
def test_hints_do_not_say_it_all(path):
    """Nobody finds the whole answer under the last hint."""
    all_cells, told = cells(path), []
    for above, cell in zip(all_cells, all_cells[1:]):
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            [answer] = re.findall(r"// BEGIN SOLUTION.*?\n(.*?)\s*// END SOLUTION", cell.source, re.DOTALL)
            lines = lambda text: {line.strip() for line in text.splitlines()}
            if lines(answer) <= lines(folded(above.source)[-1][1]):
                told.append(cell.id)
    assert not told


@each_solution
def test_something_is_to_be_foretold(path):
    """Each lesson asks before it shows, and what answers follows at once."""
    all_cells = cells(path)
    asking = [place for place, cell in enumerate(all_cells) if re.search(r"\*\*[Ww]hat do you expect", cell.source)]
    assert len(asking) >= 3
    for place in asking:
        # A definition may stand between.
        after = all_cells[place + 1 : place + 3]
        assert any(cell.cell_type == "code" and cell.outputs for cell in after), all_cells[place].id


@each_solution
def test_code_is_formatted(path):
    if not shutil.which("rustfmt"):
        pytest.skip("rustfmt is not installed")
    rough = []
    for cell in cells(path):
        if cell.cell_type != "code":
            continue
        body = re.sub(r"^(?=.)", "    ", cell.source, flags=re.MULTILINE)
        program = f"fn main() {{\n{body}\n}}\n"
        done = subprocess.run(["rustfmt", "--edition", "2024", "--config", STYLE], input=program, capture_output=True, text=True)
        assert done.returncode == 0, f"{cell.id}: {done.stderr}"
        if done.stdout != program:
            rough.append(f"{cell.id}:\n{done.stdout}")
    assert not rough, "\n".join(rough)


@each_notebook
def test_links_between_lessons_lead_to_a_file(path):
    text = "\n".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:|attachment:", link)]
    assert links and not [link for link in links if not (path.parent / link).is_file()]
    # From each lesson one comes to all others.
    assert {link for link in links if link.endswith(".ipynb")} >= {other.name for other in SOLUTIONS} - {path.name}


@each_solution
def test_figures_say_what_they_show(path):
    for cell in cells(path):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                assert len(data["text/plain"]) > 80, cell.id
                title = re.search(r"<title[^>]*>(.+?)</title>|<desc[^>]*>(.+?)</desc>|aria-label=\"(.+?)\"", data["image/svg+xml"])
                assert title, f"{cell.id}: a screen reader has nothing to read"


@each_notebook
def test_a_lesson_is_small(path):
    assert path.stat().st_size <= 1_000_000


def test_stubs_compile_as_they_are_handed_out():
    """Each has its `todo!`, with a word on what to do."""
    for path in HANDED_OUT:
        answers = [cell for cell in cells(path) if cell.metadata.get("nbgrader", {}).get("solution")]
        assert answers
        for cell in answers:
            assert re.search(r'todo!\("[^"]+"\)|\*Your answer here\.\*', cell.source), cell.id
