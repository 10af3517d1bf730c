"""The served site: as it is on disk, but for the script that loads a page again; and that script in a browser."""

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from book_tools.errors import BookError
from book_tools.serving.server import EVENTS, SCRIPT, Reloads, serve

PAGE = "<!doctype html><html><head><title>t</title></head><body><p id='text'>{}</p></body></html>"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "index.html").write_text(PAGE.format("one"))
    (tmp_path / "deep" / "index.html").write_text(PAGE.format("deep"))
    (tmp_path / "style.css").write_text("p {}")
    return tmp_path


@pytest.fixture
def served(site):
    reloads = Reloads()
    server = serve(site, 0, reloads)
    yield f"http://127.0.0.1:{server.server_address[1]}", reloads
    server.shutdown()
    server.server_close()


def get(address: str) -> tuple[str, str]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode(), answer.headers["Cache-Control"]


def test_pages_get_the_script_and_nothing_else_does(site, served):
    address, _ = served
    for path, file in (("/", "index.html"), ("/index.html?x=1", "index.html"), ("/deep/", "deep/index.html")):
        text, cache = get(address + path)
        assert text == (site / file).read_text().replace("</body>", SCRIPT + "</body>")
        assert cache == "no-store"
    assert get(f"{address}/style.css") == ("p {}", "no-store")
    assert SCRIPT not in (site / "index.html").read_text()  # what is published has no script


def test_the_script_asks_this_server_only():
    assert "http" not in SCRIPT
    assert f'"{EVENTS}"' in SCRIPT


def test_a_port_that_is_taken_is_a_sentence(site):
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(BookError, match=r"Port \d+ cannot be used"):
        serve(site, other.getsockname()[1], Reloads())


@pytest.mark.browser
def test_an_open_page_loads_again_after_a_build(site, served, new_page):
    address, reloads = served
    page = new_page()
    with page.expect_request(lambda request: request.url.endswith(EVENTS)):
        page.goto(address)
    assert page.text_content("#text") == "one"
    for text in ("two", "three"):  # the page that was loaded again waits again
        (site / "index.html").write_text(PAGE.format(text))
        end = time.monotonic() + 20
        while page.text_content("#text") != text:
            assert time.monotonic() < end
            reloads.announce()
            page.wait_for_timeout(100)


def test_the_program_builds_serves_and_builds_again_on_a_save(tmp_path):
    """By a builder of one line that copies the page, and fails where it is empty."""
    (tmp_path / "book").mkdir()
    source = tmp_path / "book" / "page.md"
    source.write_text("first")
    build = (
        "from pathlib import Path; text = Path('book/page.md').read_text(); assert text; "
        "Path('_build/html/index.html').write_text(f'<body>{text}</body>')"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "book_tools.serving", "--port", str(port), "--", sys.executable, "-c", build]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for(port, "first", process)
        source.write_text("")  # this build fails, and the page stays
        time.sleep(2)
        assert "first" in get(f"http://127.0.0.1:{port}/")[0]
        source.write_text("second")
        wait_for(port, "second", process)
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=20)
    assert f"Serving the book at http://127.0.0.1:{port}" in said
    assert "The build failed" in said


def wait_for(port: int, text: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + 30
    while True:
        assert time.monotonic() < end
        assert process.poll() is None
        try:
            if text in get(f"http://127.0.0.1:{port}/")[0]:
                return
        except OSError:
            pass  # not there yet
        time.sleep(0.1)
