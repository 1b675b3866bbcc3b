"""How fast gradients are, by our tape and by other libraries, in one run; see `bench`.

Libraries from crates.io are taken as cargo finds them. Those in C++ are taken from folders, each a checkout of its public
repository; one that is not there is left out:

    CoDiPack  $ADLAB_CODIPACK or bench/peers/CoDiPack  SciCompKL/CoDiPack
    Adept     $ADLAB_ADEPT    or bench/peers/Adept-2   rjhogan/Adept-2
    CppAD     $ADLAB_CPPAD    or bench/peers/CppAD     coin-or/CppAD
    ADOL-C    $ADLAB_ADOLC    or /usr                  Debian and Ubuntu: apt install libadolc-dev

Tensors are compared with those of candle and of burn, where they compile, which takes some minutes once, and of PyTorch, if
there is a Python that has it: $ADLAB_TORCH or bench/peers/torch/bin/python, made by `python3 -m venv bench/peers/torch` and `bench/peers/torch/bin/pip install torch numpy`.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent / "bench"
PAGE = BENCH.parent / "docs/benchmarks.md"
MADE = BENCH / "target/peers"

# Name, environment variable, folder, source, which of its folders have headers, and what is linked.
PEERS = [
    ("CoDiPack", "ADLAB_CODIPACK", "CoDiPack", "codipack.cpp", ["include"], []),
    ("Adept", "ADLAB_ADEPT", "Adept-2", "adept.cpp", ["include", "adept"], []),
    ("CppAD", "ADLAB_CPPAD", "CppAD", "cppad.cpp", ["include"], []),
    ("ADOL-C", "ADLAB_ADOLC", "/usr", "adolc.cpp", ["include/adolc"], ["-ladolc"]),
]

# What CppAD's own configuration would find out, where it is not 0.
CPPAD = {
    "use_cplusplus_2017_ok": "1",
    "cppad_cppadvector": "1",
    "cppad_tape_addr_type": "unsigned int",
    "cppad_tape_id_type": "unsigned int",
    "cppad_max_num_threads": "48",
    "cppad_c_compiler_gnu_flags": "1",
    "cppad_padding_block_t": "",
}


def configure_cppad(folder):
    template = folder / "include/cppad/configure.hpp.in"
    if template.exists():
        header = MADE / "include/cppad/configure.hpp"
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text(re.sub(r"@(\w+)@", lambda name: CPPAD.get(name[1], "0"), template.read_text()))


def compiled():
    """The C++ libraries that are there, each as a shared library with our programs in it."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    for name, variable, folder, source, headers, linked in PEERS:
        folder = Path(os.environ.get(variable) or BENCH / "peers" / folder)
        if not (folder / headers[0]).is_dir() or not compiler:
            print(f"{name}: left out, as {f'{folder / headers[0]} is not there' if compiler else 'there is no C++ compiler'}")
            continue
        if name == "CppAD":
            configure_cppad(folder)
        made = MADE / source.replace(".cpp", ".so")
        made.parent.mkdir(parents=True, exist_ok=True)
        includes = [f"-I{MADE / 'include'}", *(f"-I{folder / header}" for header in headers)]
        command = [compiler, "-O3", "-std=c++17", "-DNDEBUG", "-shared", "-fPIC", "-w", *includes, BENCH / "cpp" / source]
        if subprocess.run([*command, "-o", made, *linked]).returncode:
            print(f"{name}: left out, as it does not compile")
            continue
        yield str(made)


TORCH = Path(os.environ.get("ADLAB_TORCH") or BENCH / "peers/torch/bin/python")

# Two runs of the same agree up to this.
AGREES = 1e-9


def tensors(rounds=3):
    """A table of what tensors take: each library's program is run as a whole, in turns, and the least of all counts."""
    programs = {"adlab": [BENCH / "target/release/tensors"]}
    for crate in ("candle", "burn"):
        command = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", BENCH / "target"]
        if subprocess.run([*command, "--manifest-path", BENCH / crate / "Cargo.toml"]).returncode:
            print(f"{crate}: left out, as it does not compile")
        else:
            programs[crate] = [BENCH / f"target/release/adlab-{crate}"]
    if TORCH.exists():
        programs["PyTorch"] = [TORCH, BENCH / "python/tensors.py"]
    else:
        print(f"PyTorch: left out, as {TORCH} is not there")
    values, times = {}, {}
    for _ in range(rounds):
        for library, program in programs.items():
            alone = {**os.environ, "RAYON_NUM_THREADS": "1"}
            text = subprocess.run(program, capture_output=True, text=True, check=True, env=alone).stdout
            for line in text.splitlines():
                name, value, time = line.split("\t")
                expected = values.setdefault(name, float(value))
                if abs(float(value) - expected) > AGREES * max(abs(expected), 1):
                    print(f"{name}: {library} differs, {value} and not {expected}")
                best = times.setdefault(name, {})
                best[library] = min(float(time), best.get(library, float("inf")))
    others = [library for library in programs if library != "adlab"]
    yield "Tensors, microseconds, one thread.\n"
    heads = ["", "adlab", *(f"{other} | ratio" for other in others)]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * (2 + 2 * len(others)) + "|"
    for name, best in times.items():
        ours = best["adlab"]
        theirs = [f"{best[other]:.1f} | {ours / best[other]:.2f}" if other in best else "| " for other in others]
        cells = [name, f"{ours:.1f}", *theirs]
        yield f"| {' | '.join(cells)} |"


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()
    lock = "".join((BENCH / folder / "Cargo.lock").read_text() for folder in (".", "burn"))
    versions = dict(re.findall(r'name = "([^"]*)"\nversion = "([^"]*)"', lock))
    named = ("echidna", "reverse", "ad_trait", "num-dual", "candle-core", "burn")
    crates = [f"{crate} {versions[crate]}" for crate in named]
    torch = ""
    if TORCH.exists():
        program = [TORCH, "-c", "import torch; print(torch.__version__)"]
        torch = f"; PyTorch {subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()}"
    return f"{model[1] if model else platform.machine()}; rustc {rustc[1]}, level 3, no target-cpu; {', '.join(crates)}{torch}."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=BENCH, check=True)
    program = [BENCH / "target/release/adlab-bench", "--rounds", str(arguments.rounds), *compiled()]
    text = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    text = f"{machine()}\n\n{text}\n" + "".join(f"{line}\n" for line in tensors())
    print(text)
    if arguments.write:
        page = PAGE.read_text()
        marked = r"(<!-- measured -->\n).*(<!-- end -->)"
        PAGE.write_text(re.sub(marked, lambda found: f"{found[1]}{text}{found[2]}", page, flags=re.DOTALL))


main()
