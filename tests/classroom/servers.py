"""Stock nbgrader and Jupyter on a course, as an instructor runs them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def nbgrader(root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The `nbgrader` program, run in a course."""
    command = [sys.executable, "-m", "nbgrader", *map(str, arguments)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader runs alembic by name
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=300, check=False, env=os.environ | {"PATH": path}
    )


@contextmanager
def formgrader(root: Path, runtime: Path, token: str = "") -> Iterator[str]:
    """A Jupyter server in the course directory, for who has the token (none: for this machine); its address."""
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", "--port=0"]
    environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(runtime), "HOME": str(runtime)}
    with (runtime / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, f"--IdentityProvider.token={token}"], cwd=root, env=environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 90
        while not (found := list(runtime.glob("jpserver-*.json"))) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found, (runtime / "log").read_text()
        yield json.loads(found[0].read_text())["url"].rstrip("/")
    finally:
        server.terminate()
        server.wait(timeout=30)
