"""Jupyter's own conformance suite for kernels: every test of it, over both transports, ten times in a row."""

import os
import shutil
import tempfile
from unittest import mock

import jupyter_kernel_test
from jupyter_client import KernelManager

ROUNDS = 10


class Transport:
    """Lets the suite's own start of a kernel use another transport."""

    transport = "tcp"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="ipc-")
        with mock.patch.object(jupyter_kernel_test, "KernelManager", cls.manager):
            with mock.patch.object(jupyter_kernel_test, "start_new_kernel", cls.start):
                super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def manager(cls, kernel_name):
        manager = KernelManager(kernel_name=kernel_name, transport=cls.transport)
        if cls.transport == "ipc":
            # An ipc address is a path, and a short one.
            manager.ip = os.path.join(cls.folder, "k")
        return manager

    @classmethod
    def start(cls, kernel_name):
        manager = cls.manager(kernel_name)
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        # The suite waits for 15 seconds at most; on a slow machine evcxr's start may take as long.
        client.execute_interactive("1", timeout=120, output_hook=lambda message: None)
        return manager, client


class Requests(Transport, jupyter_kernel_test.KernelTests):
    kernel_name = "adlab"
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("to stderr");'
    completion_samples = [{"text": "let zebra = 1; zeb", "matches": ["zebra"]}]
    complete_code_samples = ["let x = 1;", "fn f() -> i32 { 1 }"]
    incomplete_code_samples = ["fn f() {", "let x = ("]
    invalid_code_samples = ["let = 3;", "fn f( }"]
    code_inspect_sample = "f64::sin"
    code_execute_result = [{"code": "1+2", "result": "3"}, {"code": "2*3", "result": "6"}]
    code_display_data = [{"code": "display(&Dual::new(1.0, 2.0));", "mime": "text/plain"}]
    code_generate_error = 'panic!("on purpose");'
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_page_something = "?f64::sin"
    code_clear_output = "clear_output(false);"


class Welcome(Transport, jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "adlab"
    support_iopub_welcome = True

    def setUp(self):
        # A front end that comes anew is welcomed anew.
        self.kc.stop_channels()
        type(self).kc = self.km.client()


def cases():
    """For each suite and transport a class, and with it a kernel, in which each test stands ten times."""
    for suite in (Requests, Welcome):
        tests = [name for name in dir(suite) if name.startswith("test_")]
        for transport in ("tcp", "ipc"):
            # unittest goes by the names: the whole suite, and the whole suite again.
            rounds = {f"test_{n:02}_{name[5:]}": getattr(suite, name) for n in range(1, ROUNDS + 1) for name in tests}
            hidden = dict.fromkeys(tests)
            name = f"Test{suite.__name__}Over{transport.capitalize()}"
            yield name, type(name, (suite,), {"transport": transport} | hidden | rounds)


globals().update(cases())
# The templates themselves are no cases.
del Requests, Welcome
