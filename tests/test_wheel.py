"""What is released: the wheel, what is in it, and what it leaves when it goes; installed as a student does."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ADLAB, ROOT
from test_installation import CARGO_HOME, TOOLCHAIN, User, adlab, compiler, other_users, refuses

sys.path.insert(0, str(ROOT / "scripts"))
import licences  # noqa: E402

VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
PLOT = "let x = Dual::variable(2.0);\nplot(|x| x * x, -1.0..1.0)"


class Release:
    def __init__(self, folder):
        # Its own check, too; what that has installed is left here.
        self.folder = folder
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        command = [sys.executable, ROOT / "scripts/release", "--uncommitted", "--check-in", folder]
        done = subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True)
        assert done.returncode == 0 and "a plot after" in done.stdout, done.stdout + done.stderr
        self.files = ROOT / "target/release-files"
        [self.wheel] = self.files.glob("*.whl")
        with zipfile.ZipFile(self.wheel) as wheel:
            self.inside = {name: wheel.read(name) for name in wheel.namelist()}

    def parts(self):
        """What is installed into `share`, by its path there."""
        start = f"adlab-{VERSION}.data/data/share/"
        return {name.removeprefix(start): data for name, data in self.inside.items() if name.startswith(start)}

    def info(self, name):
        return self.inside[f"adlab-{VERSION}.dist-info/{name}"].decode()


@pytest.fixture(scope="module")
def release():
    folder = Path(tempfile.mkdtemp(prefix="adlab wheel ", dir="/tmp"))
    folder.chmod(0o755)
    yield Release(folder)
    shutil.rmtree(folder)


def pip(environment, *arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", environment, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def installed(environment, wheel):
    """A new environment with nothing but the wheel."""
    venv.create(environment)
    done = pip(environment, "install", "--no-index", wheel)
    assert done.returncode == 0, done.stderr
    return environment


def jupyter_kernelspec(environment, *arguments):
    """Jupyter's own command, as if it were installed in this environment."""
    start = "import sys; sys.path += sys.argv.pop(1).split(':'); from jupyter_client.kernelspecapp import KernelSpecApp as app; app.launch_instance()"
    command = [environment / "bin/python", "-c", start, ":".join(filter(None, sys.path)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"HOME": str(environment)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_has_what_an_installation_has(release):
    assert release.wheel.stat().st_size < 25e6
    parts = release.parts()
    for name in [
        "jupyter/kernels/adlab/kernel.json",
        "jupyter/kernels/adlab/logo-svg.svg",
        "adlab/parts",
        "adlab/Cargo.lock",
        "adlab/LICENSE-MIT",
        "adlab/crates/adlab/src/lib.rs",
        "adlab/crates/adlab-notebook/Cargo.toml",
        "adlab/notebooks/1-forward-mode.ipynb",
        "adlab/notebooks/solutions/1-forward-mode.ipynb",
    ]:
        assert name in parts
    listed = {line.split(" ", 1)[1] for line in parts["adlab/parts"].decode().splitlines()[1:]}
    ours = {name.removeprefix("adlab/") for name in parts if name.startswith("adlab/")}
    assert listed == {name for name in ours if not name.startswith("warm/")} - {"parts"}
    # What is compiled already, for the version of Rust that has built the program.
    assert {"warm/stamp", "warm/preloaded/libadlab_notebook.so", "warm/library/core/src/lib.rs"} <= ours
    # Neither the kernel's own source, nor tests.
    assert not [name for name in parts if "adlab-kernel" in name or "crates/adlab/tests" in name]
    # The crates that the preloaded one is made from, and of those for other systems only the names.
    vendored = {name.split("/")[2] for name in parts if name.startswith("adlab/vendor/")}
    assert {re.sub(r"-[\d.]+$", "", name) for name in vendored} >= {"plotters", "png", "libm", "base64", "web-sys"}
    assert not [name for name in vendored if "proptest" in name]
    assert not [name for name in parts if re.search(r"vendor/web-sys-.*/src/.+/", name)]


def test_the_wheel_is_for_any_python_on_a_linux_that_is_not_too_old(release):
    tag = re.search(r"^Tag: py3-none-manylinux_2_(\d+)_x86_64$", release.info("WHEEL"), re.MULTILINE)
    assert tag and int(tag[1]) <= 34, release.info("WHEEL")
    metadata = release.info("METADATA")
    assert "\nLicense-Expression: MIT OR Apache-2.0\n" in metadata and "\nName: adlab\n" in metadata
    # JupyterLab is for who asks for it.
    needs = re.findall("^Requires-Dist: ([a-z-]+).*; extra == 'lab'$", metadata, re.MULTILINE)
    assert needs == ["jupyterlab", "jupyterlab-widgets"] and metadata.count("\nRequires-Dist") == 2, metadata


def test_licences_of_all_that_is_inside_are_there_and_allowed(release):
    texts = release.info("licenses/target/wheel/THIRD-PARTY.txt")
    for words in ["Permission is hereby granted", "Apache License", "Bitstream Vera", "Redistribution and use"]:
        assert words in texts
    names = {f"{package['name']} {package['version']}" for package in licences.packages()}
    assert {"evcxr 0.22.0", f"adlab-notebook {VERSION}"} <= names
    for name in names:
        assert f"\n{name}: " in texts
    bom = json.loads(release.info("sboms/adlab.cdx.json"))
    assert {f"{part['name']} {part['version']}" for part in bom["components"]} == names
    assert [part["name"] for part in bom["components"] if "hashes" not in part] == ["adlab", "adlab-kernel", "adlab-notebook"]
    allow = licences.allowed()
    assert not [package["license"] for package in licences.packages() if not licences.is_allowed(package["license"], allow)]


def test_an_expression_of_licences_is_allowed_where_one_may_choose():
    allow = {"MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"}
    for expression in ["MIT", "Unlicense/MIT", "(MIT OR GPL-2.0) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception OR X"]:
        assert licences.is_allowed(expression, allow), expression
    for expression in ["Apache-2.0", "MIT AND GPL-3.0", "none", "(MIT OR X) AND (Y OR Z)"]:
        assert not licences.is_allowed(expression, allow), expression


def test_nothing_in_the_wheel_names_the_machine_that_built_it(release):
    places = {str(ROOT), str(TOOLCHAIN), str(CARGO_HOME), str(Path.home()) + "/.", str(release.folder)}
    for name, data in release.inside.items():
        if b"\0" not in data:
            assert not [place for place in places if place.encode() in data], name
    # Nor where this machine has its Rust.
    spec = json.loads(release.parts()["jupyter/kernels/adlab/kernel.json"])
    assert spec["argv"][0] == "{resource_dir}/../../../../bin/adlab"
    assert set(spec["env"]) == {"MIMALLOC_ARENA_EAGER_COMMIT", "MIMALLOC_PURGE_DELAY"}


def test_what_is_beside_the_wheel(release):
    names = {path.name for path in release.files.iterdir()}
    assert names == {release.wheel.name, f"adlab-{VERSION}.tar.gz", f"adlab-{VERSION}.cdx.json", "SHA256SUMS"}
    sums = dict(line.split("  ")[::-1] for line in (release.files / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        name: hashlib.sha256((release.files / name).read_bytes()).hexdigest() for name in names - {"SHA256SUMS"}
    }
    with tarfile.open(release.files / f"adlab-{VERSION}.tar.gz") as source:
        inside = source.getnames()
    assert {name.split("/")[0] for name in inside} == {f"adlab-{VERSION}"}
    assert f"adlab-{VERSION}/crates/adlab-kernel/src/main.rs" in inside
    assert not [name for name in inside if "/target/" in name or ".lab/" in name]


def test_versions_are_in_step(release):
    said = subprocess.check_output([ADLAB, "--version"], text=True)
    assert said.split()[-1] == VERSION
    assert f'adlab = {{ path = "crates/adlab", version = "{VERSION}" }}' in (ROOT / "Cargo.toml").read_text()
    for manifest in ROOT.glob("crates/*/Cargo.toml"):
        assert "version.workspace = true" in manifest.read_text()
    newest = re.search(r"^## \[([^]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert newest == VERSION or newest == "Unreleased"
    assert f"\nVersion: {VERSION}\n" in release.info("METADATA")


def test_the_program_is_the_one_that_was_built(release):
    """The build of the wheel has not taken it away."""
    assert subprocess.check_output([ADLAB, "--version"], text=True).startswith("adlab ")
    installed = release.folder / "venv/bin/adlab"
    assert installed.stat().st_size < Path(ADLAB).stat().st_size


def test_the_kernel_is_in_the_launcher(release):
    environment = release.folder / "venv"
    listed = json.loads(jupyter_kernelspec(environment, "list", "--json"))["kernelspecs"]["adlab"]
    assert listed["resource_dir"] == str(environment / "share/jupyter/kernels/adlab")
    assert (listed["spec"]["display_name"], listed["spec"]["language"]) == ("Rust (AD Lab)", "rust")
    program = listed["spec"]["argv"][0].replace("{resource_dir}", listed["resource_dir"])
    assert os.access(program, os.X_OK)


@other_users
def test_a_user_works_with_it(release, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(release.folder / "runtime"))
    (release.folder / "runtime").mkdir()
    ann = User(release.folder, "nobody")
    # Not the user's, who can only read it.
    prefix = installed(release.folder / "for all", release.wheel)
    session = ann.kernel(prefix)
    try:
        # Neither crates nor a cache were there.
        reply, messages = session.run(PLOT, timeout=300)
        assert reply["status"] == "ok", reply
        [shown] = [message["content"]["data"] for message in messages if message["msg_type"] == "execute_result"]
        assert "image/svg+xml" in shown
        assert "MISSING" not in ann.run(prefix / "bin/adlab", "doctor")
        refused = subprocess.run([*ann.start(), prefix / "bin/adlab", "clean"], capture_output=True, text=True, cwd=ann.home)
        assert refused.returncode == 1 and "is in use" in refused.stderr, refused
        assert session.text("x") == "2 + 1ε"
    finally:
        session.close()
    assert re.search(r"emptied +/.*/\.cache/adlab: \d+ MB in \d+ files", ann.run(prefix / "bin/adlab", "clean"))
    assert not (ann.home / ".cache/adlab").exists() and (prefix / "share/adlab/parts").exists()
    lessons = ann.run(prefix / "bin/adlab", "lab", "--copy-only")
    assert "added       1-forward-mode.ipynb" in lessons
    assert {path.owner() for path in (ann.home / "adlab-lessons").rglob("*")} == {"nobody"}


def test_without_rust_the_kernel_starts_and_says_what_gets_it(release, tmp_path):
    nothing = {"HOME": str(tmp_path), "CARGO_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path)}
    for said in refuses(release.folder / "venv", **nothing):
        assert "cargo is missing" in said and "get Rust from https://rustup.rs" in said
    reasons = [line for line in said.splitlines() if "rustup.rs" in line]
    assert all(len(line) < 120 for line in reasons)


@other_users
def test_another_version_of_rust_compiles_its_own_without_network(release, tmp_path):
    nothing = {"HOME": str(tmp_path), "CARGO_HOME": str(tmp_path / "cargo"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = ["unshare", "-n", release.folder / "venv/bin/adlab", "run", release.folder / "first.ipynb"]
    environment = os.environ | nothing | {"PATH": compiler(tmp_path / "rust")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "compiling adlab-notebook" in done.stderr, done.stdout + done.stderr
    assert len(list(tmp_path.glob("cache/adlab/*/warm-*"))) == 1


def rewritten(release, place, change):
    """The wheel with other contents: `change` takes a name and the data, and gives other data, or nothing."""
    place.mkdir()
    with zipfile.ZipFile(place / release.wheel.name, "w") as wheel:
        for name, data in release.inside.items():
            if (data := change(name, data)) is not None:
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (0o100755 if name.endswith("scripts/adlab") else 0o100644) << 16
                wheel.writestr(entry, data)
    return place / release.wheel.name


@pytest.mark.parametrize("part", ["crates/adlab/src/lib.rs", "vendor/libm-[^/]*/src/lib.rs", "notebooks/1-.*", "parts"])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_part_that_is_damaged_in_the_wheel_is_named(release, tmp_path, part, how):
    def change(name, data):
        if not re.search(f"/share/adlab/{part}$", name):
            return data
        return None if how == "missing" else data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]

    prefix = installed(tmp_path / "venv", rewritten(release, tmp_path / "wheel", change))
    home = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    # What sessions do not need, the doctor alone misses.
    needed = part.startswith("crates") or (part, how) == ("parts", "missing")
    for said in refuses(prefix, **home) if needed else [adlab(prefix, "doctor", **home).stdout]:
        # Where the list itself is changed, a part is not as it says.
        words = "can't be read|not whole" if part == "parts" else part
        assert re.search(words, said) and "pip install --force-reinstall" in said, said
    lab = subprocess.run([prefix / "bin/adlab", "lab"], env=os.environ | home, capture_output=True, text=True, cwd=tmp_path)
    assert lab.returncode == 1 and "pip install --force-reinstall" in lab.stderr
    assert not (tmp_path / "adlab-lessons").exists() and not list(tmp_path.glob("cache/adlab/*/warm-*"))


@pytest.mark.parametrize("how", ["cut short", "changed"])
def test_a_wheel_that_is_damaged_is_not_installed(release, tmp_path, how):
    data = bytearray(release.wheel.read_bytes())
    if how == "changed":
        data[len(data) // 2] ^= 1
    wheel = tmp_path / release.wheel.name
    wheel.write_bytes(data if how == "changed" else data[: len(data) // 2])
    venv.create(tmp_path / "venv")
    done = pip(tmp_path / "venv", "install", "--no-index", wheel)
    assert done.returncode != 0
    assert re.search("Bad CRC|invalid", done.stderr)
    assert not os.access(tmp_path / "venv/bin/adlab", os.X_OK)


def test_it_leaves_nothing_when_it_goes(release, tmp_path):
    venv.create(tmp_path / "venv")
    paths = lambda: {path for path in (tmp_path / "venv").rglob("*") if "__pycache__" not in path.parts}
    before = paths()
    environment = installed(tmp_path / "venv", release.wheel)
    assert len(paths()) > len(before) + 100
    jupyter_kernelspec(environment, "remove", "-f", "adlab")
    assert not (environment / "share/jupyter/kernels/adlab").exists()
    # The program, and a kernel of its own, go as well.
    done = pip(environment, "uninstall", "-y", "adlab")
    assert done.returncode == 0, done.stderr
    assert {path for path in paths() - before if not path.is_dir()} == set()


def test_the_libraries_can_be_packaged():
    command = ["cargo", "package", "--no-verify", "--allow-dirty", "--offline", "-p", "adlab", "-p", "adlab-notebook"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ["adlab", "adlab-notebook"]:
        with tarfile.open(ROOT / f"target/package/{name}-{VERSION}.crate") as packed:
            assert {f"{name}-{VERSION}/LICENSE-{licence}" for licence in ["MIT", "APACHE"]} <= set(packed.getnames())
            manifest = packed.extractfile(f"{name}-{VERSION}/Cargo.toml").read().decode()
        assert 'license = "MIT OR Apache-2.0"' in manifest and "description = " in manifest
