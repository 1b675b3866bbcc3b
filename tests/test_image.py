"""The image for containers: there is no engine here, so its steps are run where /opt is empty, and the rest is read."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
VALUES = yaml.safe_load((ROOT / "docs/hub/values.yaml").read_text())
# What needs the engine's own system, or takes minutes: see below.
NOT_RUN = ("rustup component add", "cargo build", "apt-get", "pip install", "useradd")

MOUNTS = shutil.which("unshare") and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


def stages():
    """Instructions and what follows them, by stage."""
    found = []
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.M)).splitlines()
    for line in filter(str.strip, lines):
        name, rest = line.split(maxsplit=1)
        if name == "FROM":
            found.append([])
        found[-1].append((name, " ".join(rest.split())))
    return found


def all_of(name, stage):
    return [rest for instruction, rest in stage if instruction == name]


def environment():
    return dict(entry.split("=", 1) for entry in all_of("ENV", stages()[-1]))


def test_both_stages_have_one_system_and_the_rust_that_the_kernel_wants():
    images = [stage[0][1].split()[0] for stage in stages()]
    assert {image.rsplit("-", 1)[1] for image in images} == {"bookworm"}
    wanted = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
    assert images[0].startswith(f"rust:{wanted}-")
    # The hub that is tested is the one in the image.
    tested = re.search("^jupyterhub==.*$", (ROOT / "scripts/requirements-test.txt").read_text(), re.M).group()
    assert tested in TEXT


def test_nothing_is_in_a_home_and_nobody_is_root():
    final = stages()[-1]
    [user], [home] = all_of("USER", final), all_of("WORKDIR", final)
    # A number: Kubernetes can't tell whether a name is root's.
    assert user == str(VALUES["singleuser"]["uid"]) == "1000"
    assert home == VALUES["singleuser"]["storage"]["homeMountPath"]
    for copied in all_of("COPY", final):
        assert copied.split()[-1].startswith("/opt/adlab")
    # What is copied comes before what is made of it, and all is made before the user is another.
    assert [name for name, _ in final].index("USER") > max(n for n, (name, _) in enumerate(final) if name in ("RUN", "COPY"))


def test_what_is_copied_is_there_and_not_what_was_built_here():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".lab", "target"} <= set(ignored)
    for stage in stages():
        for copied in all_of("COPY", stage):
            source = copied.split()[0]
            assert source.startswith("--from=build") or (ROOT / source).exists() and source not in ignored


def test_the_hub_s_values_are_what_the_documentation_says():
    single = VALUES["singleuser"]
    assert single["cmd"] in all_of("CMD", stages()[-1])[0]
    text = (ROOT / "docs/hosting.md").read_text()
    for number in (single["memory"]["guarantee"], single["memory"]["limit"], single["cpu"]["guarantee"], single["cpu"]["limit"]):
        assert f"`{number}`" in text, number
    assert VALUES["cull"]["enabled"] and VALUES["cull"]["timeout"] == 1800


@pytest.mark.skipif(not MOUNTS, reason="file systems can't be mounted here")
def test_the_steps_make_an_installation_that_another_user_works_with():
    folder = Path(tempfile.mkdtemp(prefix="adlab-image-", dir="/tmp"))
    folder.chmod(0o755)
    toolchain = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
    steps = [step for stage in stages() for step in all_of("RUN", stage)]
    steps = [step for step in steps if not any(word in step for word in NOT_RUN)]
    # The toolchain is seen where it would have been copied to.
    steps = [re.sub(r'cp -r "\$\(rustc .*\)" (\S+)', rf"mkdir -p \1 && mount --bind '{toolchain}' \1", step) for step in steps]
    steps = [step.replace("target/release/adlab", f"{ROOT}/target/release/adlab") for step in steps]
    assert [name for name in ("--bind", "--into", "venv", "--system") if not any(name in step for step in steps)] == []
    # Debian's own can't make environments.
    steps = [step.replace("python3 -m venv", f"'{sys.executable}' -m venv") for step in steps]
    command = VALUES["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"]
    home = VALUES["singleuser"]["storage"]["homeMountPath"]
    lesson = f"{home}/notebooks/1-forward-mode.ipynb"
    # Of whoever runs the tests: what the crates are made from, with or without a network.
    cargo = os.environ.get("CARGO_HOME", Path.home() / ".cargo")
    steps = [step.replace("CARGO_HOME=/tmp/cargo", f"CARGO_HOME='{cargo}'").replace("&& rm -rf /tmp/cargo", "") for step in steps]
    as_user = f"setpriv --reuid=1000 --regid=1000 --clear-groups env -i HOME={home} PATH={environment()['PATH']}"
    made = "\n".join(steps)
    script = f"""set -e
mount -t tmpfs -o mode=755 none /opt; mkdir /opt/adlab; mount --bind '{folder}' /opt/adlab
export PATH={environment()["PATH"]}
{made}
# An empty volume over the user's home, and no checkout.
mkdir -p {home}; mount -t tmpfs none {home}; chown 1000:1000 {home}; cd {home}; mount -t tmpfs none '{ROOT}'
/opt/adlab/bin/python -c 'import sys; print(sys.prefix)'
test -f /opt/adlab/share/jupyter/kernels/adlab/kernel.json
{as_user} {shlex.join(command)}
test -w {lesson} && test ! -e notebooks/solutions
{as_user} /opt/adlab/bin/adlab doctor
{as_user} cp /opt/adlab/share/adlab/notebooks/solutions/1-forward-mode.ipynb {lesson}
{as_user} /opt/adlab/bin/adlab run --in-place {lesson}
# Another start of the server leaves what the student did.
cp {lesson} after; {as_user} {shlex.join(command)}; cmp {lesson} after
find notebooks ! -user 1000
"""
    try:
        done = subprocess.run(["unshare", "-m", "bash", "-c", script], cwd=ROOT, capture_output=True, text=True)
        lines = done.stdout.splitlines()
        assert done.returncode == 0, done.stdout + done.stderr
        assert "/opt/adlab" in lines and "ok       warm build /opt/adlab/share/adlab/warm" in lines, done.stdout
        assert lines[-1].startswith("ok") and "1-forward-mode.ipynb" in lines[-1], lines[-1]
    finally:
        shutil.rmtree(folder)
        if not any(Path(home).iterdir()):
            Path(home).rmdir()
