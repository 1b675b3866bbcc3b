"""JupyterLab in a real browser: a person opens the first solution notebook and chooses Run All."""

import os
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

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SHOTS = ROOT / "target" / "screenshots"

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (Debian: apt install chromium)")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab server over copies of the notebooks: its address for a path."""
    folder = tmp_path_factory.mktemp("lab")
    for path in (ROOT / "notebooks" / "solutions").glob("*.ipynb"):
        shutil.copy(path, folder)
    failing = nbformat.read(folder / "1-forward-mode.ipynb", as_version=4)
    failing.cells = [nbformat.v4.new_code_cell('eprintln!("to stderr"); panic!("on purpose");')]
    nbformat.write(failing, folder / "failing.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    if os.geteuid() == 0:
        command.append("--allow-root")
    log = open(folder / "server.log", "w")
    server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5)
            break
        except OSError:
            time.sleep(0.5)
    # A workspace for each: what another test has open does not come back.
    yield lambda path: f"{address}/lab/workspaces/{path.split('.')[0]}/tree/{path}?token={token}"
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=quiet)
        yield browser
        browser.close()


# What JupyterLab makes of an error, and of a line on stderr alike.
TROUBLE = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
FIGURE = ".jp-RenderedSVG img, .jp-RenderedSVG svg, .jp-RenderedImage img"


def run_all(page, address):
    """Opens a notebook, forgets its stored outputs, and runs it to the end."""
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_selector(".jp-NotebookPanel-toolbar >> text=Rust (AD Lab)", timeout=60_000)
    menu(page, "Edit", "Clear Outputs of All Cells")
    page.wait_for_function("document.querySelectorAll('.jp-OutputArea-output').length === 0", timeout=20_000)
    menu(page, "Run", "Run All Cells")
    # A cell has run, and nothing runs or waits any more.
    page.wait_for_function(
        """() => {
            const panel = document.querySelector('.jp-NotebookPanel');
            const prompts = [...panel.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.textContent);
            return prompts.some(p => /\\[\\d+\\]/.test(p)) && !prompts.some(p => p.includes('*'))
                && !!document.querySelector('[data-status="idle"]');
        }""",
        timeout=240_000,
    )
    time.sleep(1)


def test_run_all_shows_the_figures_and_no_error(lab, browser):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    run_all(page, lab("1-forward-mode.ipynb"))
    scroll_through(page)
    page.screenshot(path=SHOTS / "run-all.png")
    notebook = nbformat.read(ROOT / "notebooks" / "solutions" / "1-forward-mode.ipynb", as_version=4)
    expected = [cell for cell in notebook.cells if cell.cell_type == "code"]
    figures = sum("image/png" in output.get("data", {}) for cell in expected for output in cell.outputs)
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == len(expected), "all cells are on the page"
    assert page.locator(FIGURE).count() == figures
    assert page.locator(TROUBLE).count() == 0
    page.close()


def test_an_error_would_have_been_seen(lab, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    run_all(page, lab("failing.ipynb"))
    page.screenshot(path=SHOTS / "error.png")
    stderr, error = page.locator(TROUBLE).all_inner_texts()
    assert "to stderr" in stderr and "Panic: on purpose" in error
    page.close()


def menu(page, name, entry):
    page.click(f".lm-MenuBar-itemLabel:text-is('{name}')")
    page.click(f".lm-Menu-itemLabel:text-is('{entry}')")


def scroll_through(page):
    """JupyterLab draws the cells that come into view; keep a picture of each page."""
    scroller = ".jp-WindowedPanel-outer"
    height, view = page.eval_on_selector(scroller, "e => [e.scrollHeight, e.clientHeight]")
    for i in range(int(height / view) + 1):
        page.eval_on_selector(scroller, f"e => {{ e.scrollTop = {i * view} }}")
        time.sleep(0.4)
        page.screenshot(path=SHOTS / f"page-{i:02}.png")
    page.eval_on_selector(scroller, "e => { e.scrollTop = 0 }")
