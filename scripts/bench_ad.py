"""How fast gradients are, by our tape and by other libraries, in one run; see `bench`.

Libraries from crates.io are taken as cargo finds them. Those in C++ are taken from folders, each a checkout of its public
repository; one that is not there is left out:

    CoDiPack  $ADLAB_CODIPACK or bench/peers/CoDiPack  SciCompKL/CoDiPack
    Adept     $ADLAB_ADEPT    or bench/peers/Adept-2   rjhogan/Adept-2
    CppAD     $ADLAB_CPPAD    or bench/peers/CppAD     coin-or/CppAD
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

# Name, environment variable, folder, source, and which of its folders have headers.
PEERS = [
    ("CoDiPack", "ADLAB_CODIPACK", "CoDiPack", "codipack.cpp", ["include"]),
    ("Adept", "ADLAB_ADEPT", "Adept-2", "adept.cpp", ["include", "adept"]),
    ("CppAD", "ADLAB_CPPAD", "CppAD", "cppad.cpp", ["include"]),
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
    for name, variable, folder, source, headers in PEERS:
        folder = Path(os.environ.get(variable) or BENCH / "peers" / folder)
        if not folder.is_dir() or not compiler:
            print(f"{name}: left out, as {f'{folder} is not there' if compiler else 'there is no C++ compiler'}")
            continue
        if name == "CppAD":
            configure_cppad(folder)
        made = MADE / source.replace(".cpp", ".so")
        made.parent.mkdir(parents=True, exist_ok=True)
        includes = [f"-I{MADE / 'include'}", *(f"-I{folder / header}" for header in headers)]
        command = [compiler, "-O3", "-std=c++17", "-DNDEBUG", "-shared", "-fPIC", "-w", *includes, BENCH / "cpp" / source]
        if subprocess.run([*command, "-o", made]).returncode:
            print(f"{name}: left out, as it does not compile")
            continue
        yield str(made)


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()
    lock = (BENCH / "Cargo.lock").read_text()
    versions = dict(re.findall(r'name = "([^"]*)"\nversion = "([^"]*)"', lock))
    crates = [f"{crate} {versions[crate]}" for crate in ("echidna", "reverse", "ad_trait", "num-dual")]
    return f"{model[1] if model else platform.machine()}; rustc {rustc[1]}, level 3, no target-cpu; {', '.join(crates)}."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=BENCH, check=True)
    program = [BENCH / "target/release/adlab-bench", "--rounds", str(arguments.rounds), *compiled()]
    text = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    text = f"{machine()}\n\n{text}"
    print(text)
    if arguments.write:
        page = PAGE.read_text()
        marked = r"(<!-- measured -->\n).*(<!-- end -->)"
        PAGE.write_text(re.sub(marked, lambda found: f"{found[1]}{text}{found[2]}", page, flags=re.DOTALL))


main()
