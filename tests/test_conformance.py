"""Jupyter's own conformance suite for kernels."""

import unittest

from jupyter_kernel_test import KernelTests


class Conformance(KernelTests):
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
    code_page_something = ""
    code_clear_output = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The suite waits for 15 seconds at most; on a slow machine evcxr's start may take as long.
        cls.kc.execute_interactive("1", timeout=120, output_hook=lambda message: None)


del KernelTests

if __name__ == "__main__":
    unittest.main()
