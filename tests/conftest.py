"""What every test may use: shapes enforced in the library, and headless Chromium behind a few small fixtures."""

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import jaxtyping
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from classroom.quick_start import skip_grammar_of_addresses

SYSTEM_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
LOCAL_HOSTS = ("127.0.0.1", "localhost")

# As `course` does, which saves seconds; before any test imports nbformat.
skip_grammar_of_addresses()

# Here, before any test imports the library: every shape in a signature is then checked on every call.
jaxtyping.install_import_hook("transformer_lab", "beartype.beartype")


def find_chromium(playwrights_own: str) -> str | None:
    """The path of a Chromium: the system's, else the one that Playwright installed, else None."""
    system = next(filter(None, map(shutil.which, SYSTEM_CHROMIUMS)), None)
    return system or (playwrights_own if Path(playwrights_own).exists() else None)


# One browser a module, not one a session: while Playwright is running, its event loop is the thread's, and
# tests elsewhere that start a loop of their own (nbclient, jupyter_client) would fail.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; the test is skipped where there is none, and fails where `CI` is set."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            sentence = (
                f"No Chromium: none of {', '.join(SYSTEM_CHROMIUMS)} is on the PATH and Playwright has none;"
                " run `apt-get install chromium` or `.venv/bin/playwright install chromium`."
            )
            pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def requests_elsewhere() -> list[str]:
    """The addresses on other hosts that the test's pages asked for; every such request is refused."""
    return []


@pytest.fixture
def new_page(browser: Browser, requests_elsewhere: list[str]) -> Iterator[Callable[..., Page]]:
    """A function that opens an empty page: `new_page(width=390, height=844, dark=True, reduced_motion=True)`.

    Further keywords go to Playwright's `new_context`. An uncaught error on any of these pages fails the test.
    """
    contexts, errors = [], []

    def refuse(route, request) -> None:
        requests_elsewhere.append(request.url)
        route.abort()

    def elsewhere(url: str) -> bool:
        address = urlsplit(url)
        return address.scheme in ("http", "https", "ws", "wss") and address.hostname not in LOCAL_HOSTS

    def open_page(
        *, width: int = 1280, height: int = 900, dark: bool = False, reduced_motion: bool = False, **options
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if reduced_motion else "no-preference",
            **options,
        )
        context.route(elsewhere, refuse)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(10_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, f"The page raised: {errors}"


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One empty page, 1280 pixels wide, light."""
    return new_page()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing: pytest shows what matters."""


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """A function that serves a folder on a free port of this machine and returns its address."""
    servers = []

    def start(folder: Path) -> str:
        handler = functools.partial(_QuietHandler, directory=str(folder))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()
