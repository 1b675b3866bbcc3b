"""The kernels that benchmarks compare, and how they are talked to; see `bench`."""

import contextlib
import json
import os
import tempfile
import time
from pathlib import Path

import psutil
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

ROOT = Path(__file__).resolve().parent.parent
ADLAB = str(ROOT / "target" / "release" / "adlab")
KERNELS = {
    "adlab": [ADLAB, "kernel", "--connection-file", "{connection_file}"],
    # The unmodified evcxr kernel, prepared as ours is.
    "stock": [ADLAB, "stock", "--control_file", "{connection_file}"],
    # The same as a user has it who has installed nothing else.
    "plain": [ADLAB, "--control_file", "{connection_file}"],
}
# As Jupyter would start it.
ENVIRONMENT = {"adlab": json.loads((ROOT / "kernel-spec" / "kernel.json").read_text())["env"]}
# What that user's first cell has to say.
PLAIN_SETUP = f""":dep adlab-notebook = {{ path = "{ROOT / "crates" / "adlab-notebook"}" }}
use adlab_notebook::prelude::*;"""


class Kernel:
    def __init__(self, name, **environment):
        started = time.perf_counter()
        self.started = started
        self.manager = KernelManager()
        # Both kernelspecs say that interrupts come as messages.
        self.manager._kernel_spec = KernelSpec(
            argv=KERNELS[name], language="rust", display_name="bench", interrupt_mode="message"
        )
        # Nobody's settings for evcxr are to be found.
        self.folder = tempfile.TemporaryDirectory(prefix="bench-")
        environment |= ENVIRONMENT.get(name, {}) | {"EVCXR_CONFIG_DIR": self.folder.name, "JUPYTER_PATH": self.folder.name}
        self.manager.start_kernel(cwd=self.folder.name, env=os.environ | environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        self.ready = time.perf_counter() - started

    def send(self, code, cell=None, tags=()):
        """As a front end does that names its cells, and sends what is noted with them."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell, "tags": list(tags)} if cell else {})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def run(self, code, cell=None, tags=()):
        """Seconds from the request to the reply and idle."""
        started = time.perf_counter()
        self.messages = []
        self.wait(self.send(code, cell, tags))
        return time.perf_counter() - started

    def run_all(self, cells):
        """The same, for names, codes and tags of cells that are sent at once."""
        started = time.perf_counter()
        for request in [self.send(code, cell, tags) for cell, code, tags in cells]:
            self.messages = []
            self.wait(request)
        return time.perf_counter() - started

    def text(self, code):
        """What a cell is worth."""
        self.run(code)
        values = (message["content"] for message in self.messages)
        return "".join(content["data"]["text/plain"] for content in values if "execution_count" in content and "data" in content)

    def wait(self, request):
        idle = replied = False
        while not idle:
            message = self.client.get_iopub_msg(timeout=600)
            if message["parent_header"].get("msg_id") == request:
                self.messages.append(message)
                idle = message["content"].get("execution_state") == "idle"
        while not replied:
            message = self.client.get_shell_msg(timeout=120)
            replied = message["parent_header"].get("msg_id") == request
        self.reply = message["content"]

    def processes(self):
        """The kernel and its children."""
        process = psutil.Process(self.manager.provisioner.process.pid)
        return [process, *process.children(recursive=True)]

    def memory(self):
        """In MB; what several share is shared out among them."""
        total = 0
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
        return total / 1e6

    def session_folder(self):
        """What it has for itself; cells are built in a folder of it."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if folder := process.environ().get("ADLAB_SESSION"):
                    return Path(folder)
        raise LookupError("no process of the kernel's knows its folder")

    def stop(self):
        self.client.stop_channels()
        # It is asked first, and killed if it does not end: one that is killed leaves its folder.
        self.manager.shutdown_kernel()
        self.folder.cleanup()
