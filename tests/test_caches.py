"""What is kept to make kernels fast is never wrong: not after a change, not when it is damaged."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ADLAB, ROOT, Session

CELLS = ["let x = Dual::variable(2.0); x * x", "fn half(x: f64) -> f64 { x / 2.0 }", "half(3.0)", "plot(|x| x, 0.0..1.0)"]
VALUES = ["4 + 4ε", "", "1.5"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A checkout of its own, with its own warm build."""
    home = tmp_path_factory.mktemp("project")
    for name in ["crates/adlab", "crates/adlab-notebook", "kernel-spec"]:
        shutil.copytree(ROOT / name, home / name)
    for name in ["Cargo.toml", "Cargo.lock"]:
        shutil.copy(ROOT / name, home)
    # The lock file is for all of the workspace's members.
    shutil.copytree(ROOT / "crates/adlab-kernel", home / "crates/adlab-kernel")
    install(home)
    return home


def install(home, **environment):
    environment = os.environ | {"ADLAB_HOME": str(home)} | environment
    command = [ADLAB, "install", "--prefix", str(home / "prefix")]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def run(home, cells=CELLS, **environment):
    """The texts of what cells show, in a new kernel."""
    session = Session(ADLAB_HOME=str(home), **environment)
    try:
        # Where the warm build is made anew, that takes a while.
        return [session.text(code, timeout=300) for code in cells]
    finally:
        session.close()


def works(home, **environment):
    assert run(home, **environment)[:3] == VALUES


def entries(home):
    return sorted((home / "target/cells").iterdir())


def test_a_cell_that_was_compiled_is_not_compiled_again(project):
    works(project)
    before = {path: path.stat().st_ino for path in entries(project)}
    assert len(before) >= len(CELLS)
    works(project)
    assert {path: path.stat().st_ino for path in entries(project)} == before


def test_a_panic_in_a_kept_cell_names_its_line(project):
    cells = ["fn first() -> i32 { 1 }", "fn second() -> i32 { 2 }", "struct Third;", "let n = 3;\n\nassert_eq!(n, first());"]
    for _ in range(3):
        session = Session(ADLAB_HOME=str(project))
        try:
            replies = [session.run(code)[0] for code in cells]
        finally:
            session.close()
        assert replies[-1]["ename"] == "Panic"
        assert any("line 3" in line for line in replies[-1]["traceback"]), replies[-1]


def test_a_cell_that_reads_a_file_sees_what_is_in_it_now(project, tmp_path):
    file = tmp_path / "data.txt"
    for text in ["one", "two"]:
        file.write_text(text)
        assert run(project, [f'include_str!("{file}")'])[0] == f'"{text}"'


def damage(path):
    if path.is_dir():
        for file in path.iterdir():
            damage(file)
    elif path.is_file() and not path.is_symlink():
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("what", ["target/cells", "target/warm/tools"])
def test_what_is_cut_short_is_not_trusted(project, what):
    works(project)
    damage(project / what)
    works(project)
    works(project)


def test_a_warm_build_that_is_cut_short_is_made_again(project):
    # So is one whose maker was killed in the middle, whatever it has left.
    for name in ("warm-old", "warm-x.old"):
        (project / "target" / name / "build").mkdir(parents=True)
    shutil.rmtree(project / "target/warm/preloaded")
    (project / "target/warm/stamp").unlink()
    assert "compiling" in install(project)
    works(project)


def test_a_change_of_the_crate_shows_at_once(project):
    works(project)
    source = project / "crates/adlab/src/display.rs"
    source.write_text(source.read_text() + "\n/// New.\npub fn answer() -> i32 {\n    42\n}\n")
    library = project / "crates/adlab/src/lib.rs"
    library.write_text(library.read_text() + "\npub use display::answer;\n")
    # Without another set-up, the session makes what it needs.
    assert run(project, ["answer()"], ADLAB_CELL_CACHE=str(project / "cells")) == ["42"]
    assert "is up to date" in install(project)
    assert run(project, ["answer()", *CELLS[:1]]) == ["42", VALUES[0]]


def test_another_compiler_gets_nothing_of_the_one_before(project, tmp_path):
    works(project)
    known = set(entries(project))
    real = subprocess.check_output(["rustup", "which", "rustc"], text=True).strip()
    other = tmp_path / "rustc"
    other.write_text(f'#!/bin/sh\nif [ "$1" = -vV ] || [ "$1" = -Vv ]; then exec {real} -Vv | sed s/commit-hash/commit-hush/; fi\nexec {real} "$@"\n')
    other.chmod(0o755)
    # Without rustup, the compiler is the one on the PATH.
    (tmp_path / "cargo").symlink_to(subprocess.check_output(["rustup", "which", "cargo"], text=True).strip())
    (tmp_path / "rustup").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "rustup").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    # Sessions stay with the compiler of the installation, until there is another one.
    works(project, PATH=path)
    assert set(entries(project)) == known
    assert "compiling" in install(project, PATH=path)
    works(project)
    assert set(entries(project)) > known
    # When that one is gone, the one on the PATH serves again, and what the first session makes is kept.
    other.unlink()
    works(project)
    assert "up to date" in install(project)


def test_all_of_it_can_be_read_only(project):
    works(project)
    folder = project / "target/cells"
    shutil.rmtree(folder)
    folder.write_text("a file in the place of the folder")
    works(project)
    folder.unlink()


def test_nothing_is_kept_if_the_user_says_so(project):
    folder = project / "target/cells"
    shutil.rmtree(folder, ignore_errors=True)
    works(project, ADLAB_CELL_CACHE="0")
    assert not folder.exists()


def test_the_level_of_optimisation_can_be_changed_in_a_cell(project):
    loop = "let mut x = Dual::variable(1.0); for _ in 0..1000 { x = x * Dual::constant(0.999); } x.derivative < 1.0"
    cells = [":opt", ":opt 3", loop, ":opt 0", loop, "1 + 1"]
    values = run(project, cells)
    assert "0" in values[0] and values[2] == values[4] == "true" and values[5] == "2"
    session = Session(ADLAB_HOME=str(project))
    reply = session.run(":opt 7")[0]
    session.close()
    assert reply["ename"] == "CompileError" and ":opt 3" in reply["evalue"]
