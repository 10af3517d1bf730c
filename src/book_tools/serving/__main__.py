"""`python -m book_tools.serving --port 8000 -- COMMAND…`: builds by the command, serves, builds again on each save."""

import argparse
import subprocess
import sys
from pathlib import Path

from book_tools.errors import BookError
from book_tools.serving.server import Reloads, serve
from book_tools.serving.watching import saved

SOURCES = tuple(map(Path, ("book", "src", "bench/results", "_config.yml", "requirements.txt", "constraints.txt")))


def main() -> int:
    """Serves until Ctrl-C. A build that fails changes nothing that is served, and says why in the terminal."""
    parser = argparse.ArgumentParser(prog="python -m book_tools.serving", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--site", type=Path, default=Path("_build/html"))
    parser.add_argument("command", nargs="+", help="what builds the site")
    arguments = parser.parse_args()
    reloads = Reloads()
    changes = saved(list(SOURCES))
    try:
        arguments.site.mkdir(parents=True, exist_ok=True)
        serve(arguments.site, arguments.port, reloads)
        _build(arguments.command, reloads)
        address = f"http://127.0.0.1:{arguments.port}"
        print(f"Serving the book at {address}; it is built again when a source is saved. Stop with Ctrl-C.", flush=True)
        for files in changes:
            print(f"Saved: {', '.join(files[:3])}{' and more' if len(files) > 3 else ''}", flush=True)
            _build(arguments.command, reloads)
    except BookError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _build(command: list[str], reloads: Reloads) -> None:
    if subprocess.run(command, check=False).returncode == 0:
        reloads.announce()
    else:
        print("The build failed: see above. The pages are as they were; save again to try again.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
