"""The project's own address stands in Cargo.toml alone, and every link that is made from it leads to something."""

import re
import shutil
import subprocess

import nbformat
import pytest
from conftest import ADLAB, ROOT, SOLUTIONS

ADDRESS = "https://github.com/octo-cat/lab.rs"
# The owner and the name in a link to one of the hosts.
OWN = re.compile(
    r"(?:mybinder\.org/v2/gh|colab\.research\.google\.com/github|codespaces\.new|github\.com)/([\w.-]+/[\w.-]+)"
)


def links(folder, *arguments):
    return subprocess.run([folder / "scripts/links", *arguments], capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path):
    """The files that have links, as they are in a repository with an address."""
    # Who has opened the lessons has JupyterLab's checkpoints beside them.
    left = shutil.ignore_patterns(".ipynb_checkpoints")
    for name in ("docs", "notebooks", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left)
    for name in ("README.md", "Cargo.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    set_address(tmp_path, ADDRESS)
    return tmp_path


def set_address(folder, address):
    text = re.sub(r"^repository = .*\n", "", (ROOT / "Cargo.toml").read_text(), flags=re.MULTILINE)
    line = f'[workspace.package]\nrepository = "{address}"\n' if address else "[workspace.package]\n"
    (folder / "Cargo.toml").write_text(text.replace("[workspace.package]\n", line))


def texts(folder):
    """What people read, without the solution's outputs."""
    yield "README.md", (folder / "README.md").read_text()
    for page in (folder / "docs").glob("*.md"):
        yield page.name, page.read_text()
    for path in (folder / "notebooks").rglob("*.ipynb"):
        yield path.name, "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def test_the_links_are_what_the_address_makes():
    done = links(ROOT, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_link_has_the_address_and_leads_to_a_lesson(copy):
    assert links(copy, "--check").returncode == 1
    assert links(copy).returncode == 0
    assert links(copy, "--check").returncode == 0
    subprocess.run([ADLAB, "assign", "--output", copy / "notebooks", *copy.glob("notebooks/solutions/*")], check=True)
    for name, text in texts(copy):
        assert set(OWN.findall(text)) <= {"octo-cat/lab.rs", "codespaces/badge.svg"}, name
        # A file that a host is to open is there.
        for path in re.findall(r"(?:lab/tree|blob/main)/([^)\s]+)", text):
            assert (copy / path).is_file(), path
    rows = [line for line in (copy / "README.md").read_text().splitlines() if "mybinder" in line]
    assert len(rows) == len(SOLUTIONS)
    for row, solution in zip(rows, SOLUTIONS):
        for end in ("", "?raw=true"):
            assert f"(notebooks/{solution.name}{end})" in row and f"(notebooks/solutions/{solution.name}{end})" in row
        for host in ("mybinder.org/v2/gh/octo-cat/lab.rs/", "google.com/github/octo-cat/lab.rs/", "codespaces.new/octo-cat/lab.rs"):
            assert host in row
        assert row.count(solution.name) == 6


def test_the_notebooks_carry_badges_and_the_set_up_cell_and_stay_what_they_were(copy):
    from nbgrader.preprocessors import CheckCellMetadata

    links(copy)
    solutions = sorted(copy.glob("notebooks/solutions/*.ipynb"))
    subprocess.run([ADLAB, "assign", "--output", copy / "notebooks", *solutions], check=True)
    page = (copy / "docs/colab-binder-codespaces.md").read_text()
    for path in solutions:
        for notebook in (path, copy / "notebooks" / path.name):
            cells = nbformat.read(notebook, as_version=4).cells
            nbformat.validate(nbformat.read(notebook, as_version=4))
            CheckCellMetadata().preprocess(nbformat.read(notebook, as_version=4), {})
            assert cells[1].cell_type == "markdown" and cells[1].source.count("[![Open in") == 3
            [setup] = re.findall(r"```python\n(%%bash.*?)```", cells[1].source, re.DOTALL)
            assert setup in page and f"{ADDRESS}/releases/download/" in setup and setup.count("\n") == 5
            assert f"/blob/main/notebooks/{path.name}" in cells[1].source
            original = ROOT / notebook.relative_to(copy)
            rest = [cell for cell in nbformat.read(original, as_version=4).cells if cell.id != "open-in"]
            assert cells[:1] + cells[2:] == rest
    # And back again, to the letter, when the address goes.
    set_address(copy, None)
    links(copy)
    assert len([cell for cell in nbformat.read(solutions[0], as_version=4).cells if cell.id == "open-in"]) == 0
    assert "mybinder" not in (copy / "README.md").read_text()


@pytest.mark.parametrize("address", ["https://example.org/octo/lab", "git@github.com:octo/lab.git", "octo/lab"])
def test_an_address_that_the_hosts_do_not_open_is_named(copy, address):
    set_address(copy, address)
    before = {name: text for name, text in texts(copy)}
    done = links(copy)
    assert done.returncode == 1 and address.removesuffix(".git") in done.stderr and "https://github.com/OWNER/NAME" in done.stderr
    assert {name: text for name, text in texts(copy)} == before


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_links_within_the_project_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#?]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
