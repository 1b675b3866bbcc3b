"""Times the cells of notebooks in two kernels; see `bench`."""

import argparse
import statistics
import time
from pathlib import Path

import nbformat
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

ROOT = Path(__file__).resolve().parent.parent
ADLAB = str(ROOT / "target" / "release" / "adlab")
KERNELS = {
    "adlab": [ADLAB, "kernel", "--connection-file", "{connection_file}"],
    "stock": [ADLAB, "stock", "--control_file", "{connection_file}"],
}


class Kernel:
    def __init__(self, argv):
        started = time.perf_counter()
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(argv=argv, language="rust", display_name="bench")
        self.manager.start_kernel(cwd=str(ROOT / "notebooks"))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        self.ready = time.perf_counter() - started

    def run(self, code):
        """Seconds from the request to the reply and idle."""
        started = time.perf_counter()
        request = self.client.execute(code, stop_on_error=False)
        idle = replied = False
        while not idle:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") == request:
                idle = message["content"].get("execution_state") == "idle"
        while not replied:
            replied = self.client.get_shell_msg(timeout=120)["parent_header"].get("msg_id") == request
        return time.perf_counter() - started

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


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
