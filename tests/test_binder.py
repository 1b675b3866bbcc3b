"""Binder: repo2docker takes `.binder/`, and what it then runs leaves a kernel that is warm, in 2 GB and on one processor."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SOLUTIONS
from test_installation import TOOLCHAIN, kernel
from wheel import wheel

MEMORY = 2 * 1024**3


def repo2docker(folder):
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", folder]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def test_repo2docker_takes_it(tmp_path):
    shutil.copytree(ROOT / ".binder", tmp_path / ".binder")
    done = repo2docker(tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "Building conda environment for python=3.12" in said
    assert "RUN ./.binder/postBuild" in said and "environment.yml" in said
    # As it was written for: postBuild knows of conda by this name alone.
    assert "ENV NB_PYTHON_PREFIX=" in said and "CONDA_PREFIX=" not in said
    (tmp_path / ".binder/environment.yml").unlink()
    # It says that it can't do without; mybinder.org then refuses.
    said = repo2docker(tmp_path)
    assert "Python version unspecified" in said.stdout + said.stderr


def test_there_is_one_place_for_it_and_its_script_can_run():
    assert not (ROOT / "binder").exists()
    assert os.access(ROOT / ".binder/postBuild", os.X_OK)
    lines = (ROOT / ".binder/postBuild").read_text().splitlines()
    assert lines[0] == "#!/bin/bash" and "set -euo pipefail" in lines


def test_hosts_take_the_versions_that_the_project_does():
    environment = (ROOT / ".binder/environment.yml").read_text()
    [rust] = re.findall(r"^rust-version = \"(.*)\"", (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    hosts = {
        ".binder/environment.yml": [r"- rust=(\S+)", r"- rust-src=(\S+)"],
        ".devcontainer/devcontainer.json": [r"toolchain install (\S+)", r"rustup default ([\d.]+)"],
        "scripts/colab-setup": [r"--default-toolchain (\S+)"],
    }
    for name, patterns in hosts.items():
        for pattern in patterns:
            assert re.findall(pattern, (ROOT / name).read_text()) == [f"{rust}.0"], (name, pattern)
    [lab] = re.findall(r"- jupyterlab=(\S+)", environment)
    assert f"jupyterlab=={lab}" in (ROOT / "scripts/requirements.txt").read_text()


@contextlib.contextmanager
def limits():
    """The begin of a command line that runs the rest on one processor and, where a group can be made, in 2 GB."""
    one = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    for mount, limit, join in (("memory", "memory.limit_in_bytes", "tasks"), ("", "memory.max", "cgroup.procs")):
        group = Path("/sys/fs/cgroup", mount, f"adlab-test-{os.getpid()}")
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(str(MEMORY))
            (group / join).open("a").close()
        except OSError:
            group.rmdir()
            continue
        yield ["sh", "-c", f'echo $$ >{group}/{join} && exec "$@"', "sh", *one]
        with contextlib.suppress(OSError):
            group.rmdir()
        return
    yield one


def test_the_image_is_built_and_warm(tmp_path):
    home, prefix = tmp_path / "jovyan", tmp_path / "notebook"
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, home / name)
    shutil.copy(wheel(tmp_path, checkout=ROOT), home / ".binder")
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    # conda brings Rust, and names a linker when it is active, which it is in a session alone.
    for name in ("cargo", "rustc"):
        (prefix / "bin" / name).symlink_to(TOOLCHAIN / "bin" / name)
    linker = prefix / "bin/x86_64-conda-linux-gnu-cc"
    linker.symlink_to(shutil.which("cc"))
    active = {"CONDA_PREFIX": str(prefix), "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER": str(linker)}
    # What cargo has downloaded before stands for a registry that can be reached.
    cargo = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    (home / ".cargo").mkdir()
    (home / ".cargo/registry").symlink_to(cargo / "registry")
    for path in filter(Path.is_file, map(cargo.joinpath, ("config.toml", "config"))):
        shutil.copy(path, home / ".cargo")
    environment = {"HOME": str(home), "PATH": f"{prefix}/bin:/usr/bin:/bin", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    before = set(home.iterdir())

    def build(start=(), **given):
        command = [*start, "./.binder/postBuild"]
        return subprocess.run(command, cwd=home, env=environment | given, capture_output=True, text=True)

    assert build().returncode != 0
    with limits() as start:
        done = build(start, NB_PYTHON_PREFIX=str(prefix))
    assert done.returncode == 0 and done.stdout.count("\nok  ") == len(SOLUTIONS), done
    # The file browser shows the repository, and nothing of what was built.
    assert {path.name for path in set(home.iterdir()) - before} == {".cache"}
    # A session finds its first cells compiled.
    cells = set((home / ".cache").rglob("cells/*"))
    notebook = json.loads(SOLUTIONS[0].read_text())
    first = next("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    session = kernel(prefix, cwd=str(home / "notebooks"), **environment, **active)
    try:
        assert session.run(first)[0]["status"] == "ok"
    finally:
        session.close()
    assert cells and set((home / ".cache").rglob("cells/*")) == cells
    # A lesson that fails stops the image.
    broken = home / "notebooks/solutions" / SOLUTIONS[0].name
    broken.write_text(broken.read_text().replace("assert!(", "assert!(false && ", 1))
    assert build(NB_PYTHON_PREFIX=str(prefix)).returncode != 0
