"""Times the cells of notebooks in three kernels; see `bench`."""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import nbformat
from bench_kernel import KERNELS, PLAIN_SETUP, ROOT, Kernel

FIRST = "let x = 0.5; x"
# Each compiles, and with a text in the place of its number it doesn't.
PAIRS = ["let q{i}: f64 = 2.0 * {v}; q{i}", "fn g{i}(x: f64) -> f64 {{ x * {v} }} g{i}(2.0)", "f64::max(1.{i}, {v})"]
PLOT = "plot(|x| x * (x + {i}.0).sin(), -3.0..3.0)"
# Cells are compiled, not looked up.
FRESH = {"ADLAB_CELL_CACHE": "0"}
# In place of the compiler: takes down what it was told, and of which source, and has it done.
WRITER = """#!/bin/sh
case "$*" in *"--crate-name ctx"*) printf '%s\\0' "$@" >'{folder}/arguments'; cp src/lib.rs '{folder}/source' ;; esac
exec '{rustc}' "$@"
"""
README = ROOT / "README.md"


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(p * len(values)))]


class Peak(threading.Thread):
    """The most memory that a kernel takes while it is watched."""

    def __init__(self, kernel):
        super().__init__(daemon=True)
        self.kernel, self.most, self.done = kernel, 0, threading.Event()

    def run(self):
        while not self.done.wait(0.2):
            self.most = max(self.most, self.kernel.memory())


def start(name):
    kernel = Kernel(name, **FRESH)
    if name == "plain":
        kernel.run(PLAIN_SETUP)
    return kernel


def starts(figures, rounds):
    """How long until a kernel answers, and until it has run a first cell: at once, and after a while."""
    for _ in range(rounds):
        for name in KERNELS:
            kernel = Kernel(name, **FRESH)
            figures[name]["ready"].append(kernel.ready)
            kernel.run(FIRST)
            figures[name]["first"].append(time.perf_counter() - kernel.started)
            kernel.stop()
            kernel = Kernel(name, **FRESH)
            time.sleep(max(0, 5 - kernel.ready))
            figures[name]["later"].append(kernel.run(FIRST))
            kernel.stop()


def memory(figures, cells):
    for name in KERNELS:
        kernel = start(name)
        kernel.run(FIRST)
        time.sleep(5)
        figures[name]["rest"].append(kernel.memory())
        peak = Peak(kernel)
        peak.start()
        for code in cells:
            kernel.run(code)
        peak.done.set()
        peak.join()
        figures[name]["peak"].append(max(peak.most, kernel.memory()))
        kernel.stop()


def whole(figures, cells):
    """Runs a notebook in all kernels, cell by cell in turn."""
    kernels = {name: start(name) for name in KERNELS}
    # Otherwise the first cell waits for what happens at a kernel's start, which is measured apart.
    for kernel in kernels.values():
        kernel.run(FIRST)
    time.sleep(4)
    sums = dict.fromkeys(KERNELS, 0.0)
    for i, code in enumerate(cells):
        for name in [*KERNELS][i % 3 :] + [*KERNELS][: i % 3]:
            kernel = kernels[name]
            seconds = kernel.run(code)
            sums[name] += seconds
            figures[name]["cells"].append(seconds)
    for name in KERNELS:
        figures[name]["whole"].append(sums[name])
    return kernels


def floor(cells):
    """What bare rustc takes for what a kernel compiles, with the same flags."""
    rustc = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip() + "/bin/rustc"
    environment = {"LD_LIBRARY_PATH": str(Path(rustc).parent.parent / "lib"), **os.environ}
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        session, writer, calls = Path(folder) / "session", Path(folder) / "rustc", []
        writer.write_text(WRITER.format(folder=folder, rustc=rustc))
        writer.chmod(0o755)
        kernel = start("adlab")
        kernel.run(FIRST)
        original = kernel.session_folder()
        (original / "tools/real-rustc").write_text(str(writer))
        for code in cells:
            kernel.run(code)
            if kernel.reply["status"] == "ok":
                words = (Path(folder) / "arguments").read_text().split("\0")[:-1]
                calls.append(((Path(folder) / "source").read_text(), words))
        shutil.copytree(original, session, ignore=shutil.ignore_patterns("runtime*"))
        kernel.stop()
        times = []
        for source, arguments in calls:
            (session / "build" / "src" / "lib.rs").write_text(source)
            arguments = [word.replace(str(original), str(session)) for word in arguments]
            started = time.perf_counter()
            subprocess.run([rustc, *arguments], cwd=session / "build", env=environment, capture_output=True, check=True)
            times.append(time.perf_counter() - started)
        return times


def apart(kernels, figures):
    """Plots, and cells that don't compile beside the same that do."""
    for i in range(5):
        for name, kernel in kernels.items():
            figures[name]["plot"].append(kernel.run(PLOT.format(i=i)))
    for i, pair in enumerate(PAIRS * 3):
        for value, what in [("2.5", "right"), ('"2.5"', "wrong")]:
            for name, kernel in kernels.items():
                figures[name][what].append(kernel.run(pair.format(i=i, v=value)))


def again(figures, cells):
    """The same notebook in a new kernel, with what the one before has compiled."""
    with tempfile.TemporaryDirectory(prefix="cells-") as folder:
        for run in range(2):
            kernel = Kernel("adlab", ADLAB_CELL_CACHE=folder)
            kernel.run(FIRST)
            time.sleep(3)
            seconds = [kernel.run(code) for code in cells]
            kernel.stop()
            if run == 1:
                figures["adlab"]["again"].append(sum(seconds))
                figures["adlab"]["again cells"] += seconds


def table(figures, floors):
    ours, stock, plain = (figures[name] for name in ("adlab", "stock", "plain"))
    median = statistics.median
    rows = [
        ("start to `kernel_info`, s", "ready", median, "≤ 0.3 s"),
        ("start to the result of a first cell sent at once, s", "first", median, "≤ 2 s"),
        ("a first cell 5 s after the start, s", "later", median, "≤ 0.4 s"),
        ("a cell, minimum, s", "cells", min, ""),
        ("a cell, median, s", "cells", median, "ratio ≤ 0.5"),
        ("a cell, 95th percentile, s", "cells", lambda v: percentile(v, 0.95), "ratio ≤ 0.3"),
        ("a whole notebook, cells only, s", "whole", statistics.mean, "ratio ≤ 0.35"),
        ("a plot, s", "plot", median, "≤ 0.25 s"),
        ("a cell that does not compile, s", "wrong", median, ""),
        ("the same when it does, s", "right", median, ""),
        ("memory at rest, MB", "rest", median, "≤ 250 MB"),
        ("memory at most, MB", "peak", max, ""),
    ]
    yield "| median of all | adlab | stock, preloaded | stock, plain | ratio to plain | goal |"
    yield "|---|---|---|---|---|---|"
    for label, key, figure, goal in rows:
        values = [figure(f[key]) for f in (ours, stock, plain)]
        digits = 0 if "MB" in label else 3
        cells = " | ".join(f"{value:.{digits}f}" for value in values)
        yield f"| {label} | {cells} | {values[0] / values[2]:.2f} | {goal} |"
    cell, bare = median(ours["cells"]), median(floors)
    yield f"| bare rustc for the same source, median, s | {bare:.3f} | | | {cell / bare:.2f} × this | ≤ 1.5 × |"
    wrong = median(ours["wrong"]) / median(ours["right"])
    yield f"| a cell that does not compile, to one that does | {wrong:.2f} | | | | ≤ 1 |"
    if ours["again"]:
        cells, whole = median(ours["again cells"]), statistics.mean(ours["again"])
        yield f"| the same notebook once more, a cell, median, s | {cells:.3f} | | | {cells / median(plain['cells']):.2f} | |"
        yield f"| the same notebook once more, cells only, s | {whole:.3f} | | | {whole / statistics.mean(plain['whole']):.2f} | |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted((ROOT / "notebooks/solutions").glob("*.ipynb")))
    options = parser.parse_args()
    keys = ["ready", "first", "later", "cells", "whole", "plot", "right", "wrong", "rest", "peak", "again", "again cells"]
    figures = {name: {key: [] for key in keys} for name in KERNELS}
    notebooks = [[c.source for c in nbformat.read(p, as_version=4).cells if c.cell_type == "code"] for p in options.notebooks]
    starts(figures, options.rounds)
    memory(figures, notebooks[0])
    floors = []
    for number in range(options.rounds):
        for path, cells in zip(options.notebooks, notebooks):
            kernels = whole(figures, cells)
            if path == options.notebooks[0]:
                apart(kernels, figures)
            for kernel in kernels.values():
                kernel.stop()
            if number == 0:
                floors += floor(cells)
                again(figures, cells)
            print(f"round {number + 1}, {path.name}: done", flush=True)
    lines = list(table(figures, floors))
    print("\n".join(lines))
    if options.write:
        text = README.read_text()
        begin, end = "<!-- bench cells -->\n", "<!-- end of bench cells -->"
        README.write_text(re.sub(f"{begin}.*?{end}", lambda _: begin + "\n".join(lines) + "\n" + end, text, flags=re.S))


if __name__ == "__main__":
    main()
