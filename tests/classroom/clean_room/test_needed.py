"""What an answer needs of its notebook, by running no line of it."""

import ast

import pytest

from classroom.clean_room.needed import Sources, needed


def lines(need):
    """The needed statements as they are written, with where they stand."""
    return [(s.where, ast.unparse(s.node)) for s in need.statements]


def texts(*cells, target="f", files=None):
    need = needed(Sources([(f"cell {i}", code) for i, code in enumerate(cells, 1)], files or {}), target)
    return [text for _, text in lines(need)]


def test_it_is_the_definition_and_what_that_uses_in_order():
    cells = (
        "import math, os\nimport torch",
        "SCALE = math.pi\nplot = os.getcwd()",
        "def g(x):\n    return x * SCALE",
        "def f(x):\n    return g(x)",
        "print(f(3))",
    )
    assert texts(*cells) == [
        "import math",
        "SCALE = math.pi",
        "def g(x):\n    return x * SCALE",
        "def f(x):\n    return g(x)",
    ]


def test_helpers_may_stand_after_what_uses_them():
    assert texts("def f(x):\n    return g(x)", "def g(x):\n    return h(x)", "h = abs") == [
        "def f(x):\n    return g(x)",
        "def g(x):\n    return h(x)",
        "h = abs",
    ]


def test_a_definition_that_is_replaced_is_not_needed():
    assert texts("f = vars(torch)['softmax']", "def f(x):\n    return x") == ["def f(x):\n    return x"]
    assert texts("A = 1\nA = 2\ndef f(x):\n    return A") == ["A = 2", "def f(x):\n    return A"]


@pytest.mark.parametrize(
    "change",
    ["A.append(2)", "A[0] = 2", "A += [2]", "for i in range(3):\n    A.append(i)", "f.note = 3",
     "setattr(f, 'note', 3)", "if True:\n    A.sort()",
     "if True:\n    A = [3]", "with open('x') as A:\n    pass", "try:\n    A = 1\nexcept ValueError:\n    pass"],
)  # fmt: skip
def test_a_change_of_what_is_needed_is_needed(change):
    cell = f"A = [1]\ndef f(x):\n    return A\n{change}"
    assert ast.unparse(ast.parse(change)) in texts(cell)


def test_what_is_done_to_a_package_is_no_part_of_an_answer():
    loop = "for i in range(3):\n    torch.set_num_threads(i)\n    print(f(i))\n    seen.append(i)"
    assert texts(f"import torch\nseen = []\n{loop}", "def f(x):\n    return torch.exp(x)") == [
        "import torch",
        "def f(x):\n    return torch.exp(x)",
    ]
    assert texts("import torch\ntorch.set_num_threads(1)\ntorch.exp = None", "def f(x):\n    return torch.exp(x)") == [
        "import torch",
        "def f(x):\n    return torch.exp(x)",
    ]


@pytest.mark.parametrize("switch", ["torch.set_default_dtype(torch.float64)", "torch.manual_seed(3)"])
def test_but_for_what_every_later_line_feels(switch):
    assert switch in texts(f"import torch\n{switch}", "def f(x):\n    return torch.exp(x)")


def test_names_in_classes_decorators_defaults_and_annotations_count():
    cell = "a = b = c = d = e = 1\n@a\ndef f(x: b = c) -> d:\n    return lambda y: [e for _ in y]"
    assert len(texts(cell)) == 2
    for name in "abcde":
        assert f"{name} = 1" in texts(f"{name} = 1\n{cell.splitlines()[1]}\n" + "\n".join(cell.splitlines()[2:]))
    assert texts("K = 1\nclass f:\n    K = K\n    def __call__(self):\n        return self.K")[0] == "K = 1"


def test_local_names_are_not_those_of_the_notebook():
    assert texts("y = open('x')\ndef f(x):\n    y = x\n    return [z for z in y]") == [
        "def f(x):\n    y = x\n    return [z for z in y]"
    ]


def test_what_a_function_declares_global_is_bound_by_it():
    cells = ("def start():\n    global N\n    N = 3", "start()", "def f(x):\n    return N")
    assert "def start():\n    global N\n    N = 3" in texts(*cells)


def test_a_cell_that_cannot_be_read_holds_nothing():
    assert texts("def f(:", "def f(x):\n    return x") == ["def f(x):\n    return x"]
    assert texts("def f(:") == []


def test_stars_stand_for_the_names_that_are_used():
    assert texts("from math import *\ndef f(x):\n    return sqrt(x)")[0] == "from math import sqrt"
    files = {"mine.py": "_hidden = 1\nseen = 2\n"}
    assert texts("from mine import *\ndef f(x):\n    return seen", files=files)[0] == "from mine import seen"


def test_modules_beside_the_notebook_are_read_as_far_as_they_are_needed():
    files = {
        "mine.py": "import os\nfrom other import depth\ndef g(x):\n    return depth\ndef h(x):\n    return os\n",
        "other.py": "width = 1\ndepth = 2\n",
        "package/__init__.py": "",
        "package/inner.py": "A = 1\nB = 2\n",
    }
    need = needed(Sources([("cell 1", "from mine import g\ndef f(x):\n    return g(x)")], files), "f")
    assert {name: [ast.unparse(s.node) for s in found] for name, found in need.modules.items()} == {
        "mine": ["from other import depth", "def g(x):\n    return depth"],
        "other": ["depth = 2"],
    }
    inner = needed(Sources([("cell 1", "import package.inner\ndef f(x):\n    return package.inner.A")], files), "f")
    assert [ast.unparse(s.node) for s in inner.modules["package.inner"]] == ["A = 1", "B = 2"]


def test_a_file_that_is_run_stands_there_as_its_statements():
    run = "get_ipython().run_line_magic('run', 'mine.py')"
    need = needed(Sources([("cell 1", run)], {"mine.py": "def f(x):\n    return x"}), "f")
    assert lines(need) == [("mine.py", "def f(x):\n    return x")]
