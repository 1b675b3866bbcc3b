"""How long a moved slider takes to be answered, from the message to the new picture; see `bench`."""

import argparse
import statistics
import time

from bench_kernel import Kernel

CLOSURES = {
    "a number": "|x| x * 2.0",
    "a plot with its tangent": "|x| plot(|x| x * 4.2 + x.sin(), -3.0..3.0).tangent(x)",
    "a contour plot with arrows": "|a| contour(move |x, y| (x - a).powi(2) + y * y, -2.0..2.0, -2.0..2.0).arrows()",
}


def post(kernel, kind, content, metadata=None):
    message = kernel.client.session.msg(kind, content, metadata=metadata or {})
    kernel.client.shell_channel.send(message)
    return message["header"]["msg_id"]


def messages(kernel, request):
    """What comes of a request, as it comes."""
    while True:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") == request:
            if message["content"].get("execution_state") == "idle":
                return
            yield message["msg_type"], message["content"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--moves", type=int, default=200)
    moves = parser.parse_args().moves
    kernel = Kernel("adlab")
    print(f"Milliseconds from a move to its picture, of {moves}:\n")
    print("| the closure shows | median | slowest |\n|---|---|---|")
    try:
        for name, closure in CLOSURES.items():
            code = f'interact(slider("x", -3.0..3.0), {closure})'
            request = post(kernel, "execute_request", {"code": code, "silent": False, "allow_stdin": True}, {"cellId": name})
            opened = [content for kind, content in messages(kernel, request) if kind == "comm_open"]
            [slider] = [o["comm_id"] for o in opened if o["data"]["state"]["_model_name"] == "FloatSliderModel"]
            took = []
            for i in range(moves):
                data = {"method": "update", "state": {"value": 4 * i / moves - 2}, "buffer_paths": []}
                started = time.perf_counter()
                for kind, content in messages(kernel, post(kernel, "comm_msg", {"comm_id": slider, "data": data})):
                    if kind == "comm_msg" and content["data"]["method"] == "update":
                        took.append(1000 * (time.perf_counter() - started))
            assert len(took) == moves, f"{len(took)} answers to {moves} moves"
            print(f"| {name} | {statistics.median(took):.1f} | {max(took):.1f} |", flush=True)
    finally:
        kernel.stop()


main()
