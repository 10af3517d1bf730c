"""The figure query-key-value beside a kernel: in a real JupyterLab, synced with Python in both directions."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

CELLS = (
    "from book_tools.figures import QueryKeyValue\nfigure = QueryKeyValue('Worked example')\nfigure",
    "figure.update(q=[[1.5, 0.5]] * 4, k=[[1, 0]] * 4, v=[[2, 0]] * 4, labels=list('abcd'),"
    " mask=[[True] * 4] * 4, temperature=2.0)",
    "print('now', figure.query, figure.scaled, figure.mask[1], figure.k[0], figure.outputs[0])",
)
KERNEL = 60_000  # milliseconds for the kernel's answer; its first one imports torch
# No news, no dialogs: nothing in this test waits for a person.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on a folder of its own, with its settings and kernels' files there too; yields its address."""
    root = tmp_path_factory.mktemp("lab")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}  # or JupyterLab asks for one
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), root / "figure.ipynb")
    (root / "overrides.json").write_text(json.dumps(SETTINGS))
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(root / f".{name.lower()}") for name in folders}
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    options = ("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0")
    options += (f"--ServerApp.root_dir={root}", f"--LabApp.app_settings_dir={root}", "--IdentityProvider.token=")
    with (root / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(address, server, root / "log")
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait(address: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not answer:\n{log.read_text()[-2000:]}")


def run_cell(page: Page, index: int) -> None:
    page.locator(".jp-CodeCell .jp-InputArea-editor").nth(index).click()
    page.keyboard.press("Shift+Enter")


def test_the_notebook_and_python_share_one_state(lab: str, page: Page, requests_elsewhere: list[str]) -> None:
    page.set_default_timeout(KERNEL)
    page.goto(f"{lab}/lab/tree/figure.ipynb?reset")
    page.locator(".jp-CodeCell").nth(2).wait_for()
    # A cell that is run before the kernel answers is not run at all.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=KERNEL)
    run_cell(page, 0)
    figure = page.locator(".figure")
    expect(figure.locator(".summary")).to_contain_text("‘x₃’ attends 50% to ‘x₃’", timeout=KERNEL)

    # Python writes, the page follows.
    run_cell(page, 1)
    expect(figure.locator(".queries label")).to_have_text(list("abcd"), timeout=KERNEL)
    expect(figure.locator(".summary")).to_contain_text("Its output is [2.00, 0.00].")

    # The page writes, Python reads. The arrow keys move the vector, not JupyterLab's selection.
    figure.get_by_role("radio", name="b").check(force=True)
    figure.get_by_role("checkbox", name="b may attend to a").uncheck()
    figure.locator(".scaled").uncheck()
    figure.locator("[data-handle=k0]").focus()
    page.keyboard.press("ArrowUp")
    run_cell(page, 2)
    expect(page.locator(".jp-RenderedText", has_text="now")).to_have_text(
        "now 1 False [False, True, True, True] [1.0, 0.1] [2.0, 0.0]\n",
        timeout=KERNEL,
    )
    assert requests_elsewhere == []
