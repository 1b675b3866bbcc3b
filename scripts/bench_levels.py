"""How fast numerical cells run, and how long they take to compile, at each level of optimisation; see `bench`."""

import argparse
import re
import statistics
import time

from bench_kernel import Kernel

TIMED = "let start = std::time::Instant::now(); CODE println!(\"{}\", start.elapsed().as_secs_f64());"
CELLS = {
    "10⁷ multiplications of dual numbers": "let x = Dual::variable(1.0000001); let mut y = x; "
    "for _ in 0..10_000_000 { y = y * x; } assert!(y.derivative > 1.0);",
    "a vector of 10⁷ numbers, and the sum of their squares": "let v: Vec<f64> = (0..10_000_000).map(|i| i as f64).collect(); "
    "let sum: f64 = v.iter().map(|x| x * x).sum(); assert!(sum > 1.0);",
    "1000 gradients of a loop of 100 steps, on a tape": "let tape = Tape::new(); let mut sum = 0.0; for _ in 0..1000 { "
    "tape.clear(); let x = tape.var(0.5); let mut z = x; for _ in 0..100 { z = z * x + x.sin(); } "
    "sum += z.backward().wrt(x); } assert!(sum > 1.0);",
}
LEVELS = ["3", "2", "1", "0", "auto"]


def printed(kernel, code):
    """What a cell prints, and how long it takes in all."""
    started = time.perf_counter()
    request, text = kernel.client.execute(code), ""
    while True:
        message = kernel.client.get_iopub_msg(timeout=120)
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "stream":
            text += message["content"]["text"]
        if message["msg_type"] == "error":
            raise RuntimeError(message["content"]["evalue"])
        if message["content"].get("execution_state") == "idle":
            return text, time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    kernel = Kernel("adlab", ADLAB_CELL_CACHE="0")
    runs = {(level, name): [] for level in LEVELS for name in CELLS}
    waits = {key: [] for key in runs}
    try:
        for _ in range(rounds):
            for level in LEVELS:
                kernel.run(f":opt {level}")
                kernel.run("1")
                for name, code in CELLS.items():
                    text, whole = printed(kernel, TIMED.replace("CODE", code))
                    run = float(re.search(r"[\d.e-]+", text)[0])
                    runs[level, name].append(1000 * run)
                    waits[level, name].append(1000 * (whole - run))
    finally:
        kernel.stop()
    print(f"Milliseconds, median of {rounds}: the cell's code, and in brackets all else, most of which is compiling.\n")
    print("| | " + " | ".join(f"`:opt {level}`" for level in LEVELS) + " |")
    print("|---" * (len(LEVELS) + 1) + "|")
    for name in CELLS:
        cells = [f"{statistics.median(runs[level, name]):.1f} ({statistics.median(waits[level, name]):.0f})" for level in LEVELS]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
