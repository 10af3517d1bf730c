"""What code imports, compared with what Python itself has loaded after executing it."""

import subprocess
import sys
from pathlib import Path

import pytest

from book_tools.building.imports import SourceTree

SRC = Path(__file__).parents[3] / "src"


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    files = {
        "pack/__init__.py": "",
        "pack/a.py": "from . import b\n",
        "pack/b.py": "def later():\n    import pack.deep.c\n",
        "pack/deep/__init__.py": "from ..d import x\n",
        "pack/deep/c.py": "from .e import y\n",
        "pack/deep/e.py": "from json import dumps as y\n",
        "pack/d.py": "x = 1\n",
        "pack/circle.py": "import pack.circle2\n",
        "pack/circle2.py": "import pack.circle\n",
        "pack/deep/script.js": "1",
        "pack/deep/more/style.css": "p {}",
        "top.py": "import pack.d\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return SourceTree(tmp_path)


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("import json, numpy", ""),
        ("import pack", "pack"),
        ("import top", "top pack pack.d"),
        ("from pack import d as other", "pack pack.d"),
        ("from pack.d import x", "pack pack.d"),
        ("def f():\n    if f:\n        import pack.d", "pack pack.d"),
        # a imports b; b imports deep.c in a function; deep imports d; c imports e
        ("import pack.a", "pack pack.a pack.b pack.deep pack.deep.c pack.deep.e pack.d"),
        ("import pack.circle", "pack pack.circle pack.circle2"),
        ("run(['-m', 'pack.d'])", "pack pack.d"),
        ("text = 'about pack.d and others'", ""),
    ],
)
def test_modules_that_code_needs(tree, code, modules):
    assert tree.imported(code) == set(modules.split())


def test_files_and_data_of_modules(tree):
    modules = tree.imported("import pack.deep.c")
    names = [path.relative_to(tree.root).as_posix() for path in tree.files(modules)]
    assert names == ["pack/__init__.py", "pack/d.py", "pack/deep/__init__.py", "pack/deep/c.py", "pack/deep/e.py"]
    assert [path.name for path in tree.data(modules)] == ["style.css", "script.js"]


@pytest.mark.parametrize("module", ["transformer_lab.training.run", "book_tools.ledger", "classroom.check"])
def test_nothing_is_missed_that_python_loads(module):
    listing = f"import sys, {module}; print(*(name for name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in loaded if name.split(".")[0] in ("transformer_lab", "book_tools", "classroom")}
    assert len(ours) > 2
    assert ours <= SourceTree(SRC).needed({module})
