"""A server of a folder of pages that tells open pages to load again. What it adds to a page is not in the folder."""

import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from book_tools.errors import BookError

EVENTS = "/.reload"
HEARTBEAT = 15.0  # seconds; writing to a page that was closed shows that it is
# The browser connects again by itself when the server was stopped and started.
SCRIPT = f'<script>new EventSource("{EVENTS}").addEventListener("reload", () => location.reload());</script>'


class Reloads:
    """Counts builds; pages wait for the next."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._built = 0

    def announce(self) -> None:
        """There is something new to see."""
        with self._condition:
            self._built += 1
            self._condition.notify_all()

    @property
    def built(self) -> int:
        """How many builds were announced."""
        return self._built

    def wait(self, seen: int, timeout: float) -> int:
        """Waits for a build later than `seen`, at most so many seconds; returns the newest."""
        with self._condition:
            self._condition.wait_for(lambda: self._built > seen, timeout)
            return self._built


class Handler(SimpleHTTPRequestHandler):
    """Files of a folder, each asked for anew; pages with the script that waits for the next build."""

    def __init__(self, *arguments, reloads: Reloads, **options):
        self.reloads = reloads
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        """A page, a file or the stream of events."""
        if self.path == EVENTS:
            self._stream()
        elif (page := self._page()) is not None:
            body = page.read_bytes().replace(b"</body>", SCRIPT.encode() + b"</body>")
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        """Nothing is kept by the browser: the next build may change it."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """The terminal is for the build."""

    def _page(self) -> Path | None:
        path = Path(self.translate_path(self.path))
        if path.is_dir() and self.path.partition("?")[0].endswith("/"):
            path /= "index.html"
        return path if path.suffix == ".html" and path.is_file() else None

    def _stream(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        seen = self.reloads.built
        try:
            while True:
                built = self.reloads.wait(seen, HEARTBEAT)
                self.wfile.write(b"event: reload\ndata: \n\n" if built > seen else b": still here\n\n")
                self.wfile.flush()
                seen = built
        except OSError:
            self.close_connection = True  # the page was closed


def serve(folder: Path, port: int, reloads: Reloads) -> ThreadingHTTPServer:
    """Serves a folder to this machine, in a thread, until `shutdown`. Raises BookError where the port is taken."""
    handler = partial(Handler, directory=str(folder), reloads=reloads)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        remedy = "choose another: `make serve PORT=8001`"
        raise BookError(f"Port {port} cannot be used ({error.strerror}); {remedy}.") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
