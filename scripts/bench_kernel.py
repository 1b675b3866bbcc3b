"""The two kernels that benchmarks compare, and how they are talked to; see `bench`."""

import time
from pathlib import Path

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
        # Both kernelspecs say that interrupts come as messages.
        self.manager._kernel_spec = KernelSpec(
            argv=argv, language="rust", display_name="bench", interrupt_mode="message"
        )
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
        # It is asked first, and killed if it does not end: one that is killed leaves its folder.
        self.manager.shutdown_kernel()
