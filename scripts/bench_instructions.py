"""Counts the instructions of small computations, which no noise touches, and fails where one has grown; see `bench`."""

import argparse
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent / "bench"
KNOWN = BENCH / "instructions.json"
GROWN = 1.05

# The C library clears memory by one instruction that repeats itself, and valgrind counts each byte.
CLEARED = {**os.environ, "GLIBC_TUNABLES": "glibc.cpu.x86_rep_stosb_threshold=1000000000"}


def counted(program, name, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, name, str(times)]
    text = subprocess.run(command, capture_output=True, text=True, check=True, env=CLEARED).stderr
    return int(re.search(r"Collected : (\d+)", text)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="take what is counted as what is known of this machine from now on")
    write = parser.parse_args().write
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    # The mathematical functions of the system are others for other processors.
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    here = f"{rustc}, {model[1] if model else 'an unknown processor'}"
    known = json.loads(KNOWN.read_text())
    if not shutil.which("valgrind"):
        return print("skipped: instructions are counted by valgrind, which is not here")
    if here not in known and not write:
        return print(f"skipped: nothing is known of {here}, but of {' and '.join(known)}")
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "-p", "adlab-kernels"], cwd=BENCH, check=True)
    program = BENCH / "target/release/kernels"
    grown, found = [], {}
    for name in next(iter(known.values())):
        # Of one more, so that what the program takes to begin is not counted.
        now = found[name] = round((counted(program, name, 30) - counted(program, name, 10)) / 20)
        before = known.get(here, found)[name]
        print(f"{name:<24} {before:>8} {now:>8} {now / max(before, 1):>6.2f}")
        if now > GROWN * before:
            grown.append(name)
    if write:
        KNOWN.write_text(json.dumps({**known, here: found}, indent=2) + "\n")
    elif grown:
        raise SystemExit(f"more instructions than before: {', '.join(grown)}; if that is right, say --write")


main()
