"""The built book, where there is one, and small Sphinx projects built for a test."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("book/*.md", "book/*.yml", "book/*.bib", "book/_static/*", "src/**/*.py", "src/**/*.js", "_config.yml")


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the book's pages. Skips where the book has not been built since its sources changed."""
    built = ROOT / "_build" / "html"
    marker = built / ".complete"  # the Makefile writes it after a strict build
    if not marker.exists():
        pytest.skip("The book is not built; run `make book` first.")
    newest = max((path.stat().st_mtime, path) for pattern in SOURCES for path in ROOT.glob(pattern))
    if newest[0] > marker.stat().st_mtime:
        pytest.skip(f"{newest[1].relative_to(ROOT)} is newer than the built book; run `make book` first.")
    return built


@pytest.fixture
def build_sphinx(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """A function that writes pages into one small project and builds it strictly, with warnings as errors.

    `build_sphinx({"index.md": "…"}, conf="…")`; a page given as None is deleted. The site lies in `tmp_path / "site"`.
    """

    def build(pages: dict[str, str | None], conf: str) -> subprocess.CompletedProcess:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        for name, text in {"conf.py": conf, **pages}.items():
            if text is None:
                (source / name).unlink()
            else:
                (source / name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "source", "site"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    return build
