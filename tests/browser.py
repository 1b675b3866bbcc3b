"""What the browser tests share: a JupyterLab server over a folder, and what a person does on its pages."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from conftest import ROOT
from playwright.sync_api import expect

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SHOTS = ROOT / "target" / "screenshots"
VIEW = {"width": 1280, "height": 1000}

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (Debian: apt install chromium)")


class Lab:
    """A JupyterLab server over a folder of notebooks, with settings of its own, not those of whoever runs the tests."""

    def __init__(self, home, *arguments):
        self.folder = home / "notebooks"
        self.folder.mkdir()
        # No question about news lies over the page.
        settings = home / "lab" / "user-settings"
        for name, text in (
            ("@jupyterlab/apputils-extension/notification", '{ "fetchNews": "false", "checkForUpdates": false }'),
            # As set-up has it.
            ("@jupyter-widgets/jupyterlab-manager/plugin", '{ "saveState": true }'),
        ):
            (settings / name).parent.mkdir(parents=True)
            (settings / f"{name}.jupyterlab-settings").write_text(text)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token = secrets.token_hex(8)
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={self.token}"]
        command += [f"--ServerApp.root_dir={self.folder}", *arguments]
        if os.geteuid() == 0:
            command.append("--allow-root")
        environment = os.environ | {"JUPYTER_CONFIG_DIR": str(home)}
        log = open(home / "server.log", "w")
        self.server = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=environment)
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{self.address}/api/status?token={self.token}", timeout=5)
                break
            except OSError:
                time.sleep(0.5)

    def write(self, name, code=""):
        """A notebook of one cell."""
        kernel = {"name": "adlab", "display_name": "Rust (AD Lab)", "language": "rust"}
        cells = [nbformat.v4.new_code_cell(code)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), self.folder / name)

    def open(self, page, name):
        """Opens a notebook of the folder, in a workspace of its own: what another test has open does not come back."""
        page.goto(f"{self.address}/lab/workspaces/{name.split('.')[0]}/tree/{name}?token={self.token}")
        wait_for_notebook(page)

    def close(self):
        self.server.terminate()
        self.server.wait(20)


def wait_for_notebook(page):
    """It is there, and so is its kernel."""
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_selector(".jp-NotebookPanel-toolbar >> text=Rust (AD Lab)", timeout=60_000)


def menu(page, name, entry):
    page.click(f".lm-MenuBar-itemLabel:text-is('{name}')")
    page.click(f".lm-Menu-itemLabel:text-is('{entry}')")


def write(page, code):
    """Types into the last cell."""
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").last.click()
    page.keyboard.type(code)


def start(page, code):
    """Types into the last cell and runs it: the cell. Another one follows it."""
    count = page.locator(".jp-Notebook .jp-CodeCell").count()
    write(page, code)
    page.keyboard.press("Shift+Enter")
    return page.locator(".jp-Notebook .jp-CodeCell").nth(count - 1)


def finish(cell):
    """Waits for the cell's number: the text of its outputs."""
    expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]"), timeout=60_000)
    return "\n".join(cell.locator(".jp-OutputArea-output").all_inner_texts())


def run(page, code):
    return finish(start(page, code))
