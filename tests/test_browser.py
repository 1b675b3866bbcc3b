"""JupyterLab in a real browser: a person opens the first solution notebook and chooses Run All."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

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
    yield lambda path: f"{address}/lab/tree/{path}?token={token}"
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


def test_run_all_shows_the_figures_and_no_error(lab, browser):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(lab("1-forward-mode.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_selector("text=Rust (AD Lab)", timeout=60_000)
    # Outputs that were stored do not count.
    menu(page, "Edit", "Clear Outputs of All Cells")
    page.wait_for_function("document.querySelectorAll('.jp-OutputArea-output').length === 0", timeout=20_000)
    menu(page, "Run", "Run All Cells")
    # The first cell has run, and nothing runs or waits any more.
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
    scroll_through(page)
    errors = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'], .jp-mod-error").count()
    figures = page.locator(".jp-RenderedSVG img, .jp-RenderedSVG svg, .jp-RenderedImage img").count()
    page.screenshot(path=SHOTS / "run-all.png")
    assert figures >= 3, f"{figures} figures"
    assert errors == 0, f"{errors} errors"
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
