"""Times the cells of notebooks in two kernels; see `bench`."""

import argparse
import statistics

import nbformat
from bench_kernel import KERNELS, ROOT, Kernel

def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(p * len(values)))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("notebooks", nargs="*", default=[ROOT / "notebooks/solutions/1-forward-mode.ipynb"])
    options = parser.parse_args()
    figures = {name: {"ready": [], "first": [], "cells": [], "whole": []} for name in KERNELS}
    for path in options.notebooks:
        cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        for _ in range(options.rounds):
            kernels = {name: Kernel(argv) for name, argv in KERNELS.items()}
            whole = dict.fromkeys(KERNELS, 0.0)
            for i, code in enumerate(cells):
                for name, kernel in kernels.items():
                    seconds = kernel.run(code)
                    whole[name] += seconds
                    figures[name]["first" if i == 0 else "cells"].append(seconds)
            for name, kernel in kernels.items():
                figures[name]["ready"].append(kernel.ready)
                figures[name]["whole"].append(whole[name])
                kernel.stop()
    rows = {
        "start to kernel_info": lambda f: statistics.median(f["ready"]),
        "first cell": lambda f: statistics.median(f["first"]),
        "later cells, minimum": lambda f: min(f["cells"]),
        "later cells, median": lambda f: statistics.median(f["cells"]),
        "later cells, 95th percentile": lambda f: percentile(f["cells"], 0.95),
        "whole notebook, cells only": lambda f: statistics.median(f["whole"]),
    }
    print("| seconds | adlab | stock | ratio |\n|---|---|---|---|")
    for label, figure in rows.items():
        ours, stock = figure(figures["adlab"]), figure(figures["stock"])
        print(f"| {label} | {ours:.3f} | {stock:.3f} | {ours / stock:.2f} |")


if __name__ == "__main__":
    main()
