"""What the snapshot before each cell costs: cells in a kernel with snapshots beside one without; see `bench`."""

import argparse
import statistics

from bench_kernel import Kernel

# A thread that waits for ever: while it is there, no snapshot can be taken.
WITHOUT = "std::thread::spawn(|| loop { std::thread::park(); });"
SIZES = {"nothing": 0, "10 MB": 10_000_000, "100 MB": 100_000_000, "1 GB": 1_000_000_000}
CELLS = {
    "that reads a variable": "let seen = bytes.len();",
    "that changes every byte": "for byte in bytes.iter_mut() { *byte = byte.wrapping_add(1); }",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    kernels = {name: Kernel("adlab") for name in ("with", "without")}
    print(f"Seconds for a cell, median of {rounds}, compilation included:\n")
    print("| live data | a cell | with snapshot | without | difference |\n|---|---|---|---|---|")
    try:
        kernels["without"].run(WITHOUT)
        for size, count in SIZES.items():
            for kernel in kernels.values():
                kernel.run(f"let mut bytes = vec![7u8; {count}];")
            for title, code in CELLS.items():
                seconds = {name: [] for name in kernels}
                for _ in range(rounds):
                    for name, kernel in kernels.items():
                        seconds[name].append(kernel.run(code))
                ours, bare = (statistics.median(seconds[name]) for name in ("with", "without"))
                print(f"| {size} | {title} | {ours:.3f} | {bare:.3f} | {1000 * (ours - bare):+.0f} ms |", flush=True)
    finally:
        for kernel in kernels.values():
            kernel.stop()


if __name__ == "__main__":
    main()
