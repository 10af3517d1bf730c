"""What the scan says about code, and what it says nothing about; by text alone, nothing is run."""

import ast
from dataclasses import dataclass

import nbformat
import pytest

from classroom.student_code.names import Names, Scope, bind_all, parse
from classroom.submissions.scan import MAX_SENTENCES, scan


@dataclass(frozen=True)
class Asked:
    """As much of a question as the scan looks at."""

    id: str
    target: str
    forbidden: tuple[str, ...]


SOFTMAX = Asked("softmax", "softmax", ("torch.softmax", "torch.Tensor.softmax", "torch.nn.Softmax.forward"))
LIBRARY = Asked("mask", "mask", ("transformer_lab.masks.causal_mask",))
SETUP = "import torch\nimport torch.nn.functional as F\nfrom torch import nn"
CHECK = {"nbgrader": {"grade": True, "grade_id": "softmax", "points": 1, "solution": False, "locked": True}}


def said(*cells, question=SOFTMAX, files=(), after=()):
    """What is said about these cells before the question's check cell, and those after it."""
    made = [nbformat.v4.new_code_cell(SETUP, metadata={"nbgrader": {"grade_id": "setup"}})]
    made += [nbformat.v4.new_code_cell(source) for source in cells]
    made.append(nbformat.v4.new_code_cell('check("softmax")', metadata=CHECK))
    made += [nbformat.v4.new_code_cell(source) for source in after]
    return scan(nbformat.v4.new_notebook(cells=made), dict(files), [question], {"setup", "softmax"})


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["def softmax(s):\n    return torch.softmax(s, -1)"], "torch.softmax (cell 2, line 2)"),
        (["def softmax(s):\n    return s.softmax(-1)"], "torch.Tensor.softmax (cell 2, line 2)"),
        (["def softmax(s):\n    return F.softmax(s, -1)"], "torch.nn.functional.softmax (cell 2, line 2)"),
        (["def softmax(s):\n    return getattr(torch, 'soft' 'max')(s, -1)"], "torch.softmax"),
        (["def softmax(s):\n    return getattr(torch, 'soft' + 'max')(s, -1)"], "torch.softmax"),
        (["def softmax(s):\n    return vars(torch)['softmax'](s, -1)"], "torch.softmax"),
        (["def softmax(s):\n    return torch.__dict__['softmax'](s, -1)"], "torch.softmax"),
        (["import sys\ndef softmax(s):\n    return sys.modules['torch'].softmax(s, -1)"], "torch.softmax"),
        (["import importlib as i\ndef softmax(s):\n    return i.import_module('torch').softmax(s)"], "torch.softmax"),
        (["def softmax(s):\n    return __import__('torch').softmax(s)"], "torch.softmax"),
        (["def softmax(s):\n    from torch import softmax as f\n    return f(s)"], "torch.softmax"),
        (["def softmax(s):\n    t = torch\n    return t.softmax(s, -1)"], "torch.softmax"),
        (["from torch import softmax"], ""),  # the name itself: there is no answer's code to read
        (["mine = torch.softmax", "def softmax(s):\n    return mine(s, -1)"], "torch.softmax (cell 2, line 1)"),
        (["a, b = torch.softmax, 2", "softmax = lambda s: a(s, -1)"], "torch.softmax"),
        (["layer = nn.Softmax(-1)", "def softmax(s):\n    return layer(s)"], "torch.nn.Softmax (cell 2, line 1)"),
        (["from functools import partial\nsoftmax = partial(torch.softmax, dim=-1)"], "torch.softmax"),
        (["def help(s):\n    return deep(s)\ndef deep(s):\n    return F.softmax(s)", "softmax = help"], "softmax"),
        (["class Soft(nn.Softmax):\n    pass", "softmax = Soft(-1)"], "torch.nn.Softmax"),
        (["class A:\n    def go(self, s):\n        return F.softmax(s)", "softmax = lambda s: A().go(s)"], "softmax"),
        (["def softmax(s):\n    return torch.ops.aten._softmax(s, -1, False)"], "torch.ops.aten._softmax"),
        (["with torch.no_grad():\n    if 1:\n        f = torch.softmax", "softmax = lambda s: f(s)"], "torch.softmax"),
        (["%time f = torch.softmax", "def softmax(s):\n    return f(s, -1)"], "torch.softmax"),
        (["%%time\nf = torch.softmax", "def softmax(s):\n    return f(s, -1)"], "torch.softmax"),
    ],
)  # fmt: skip
def test_what_an_answer_reaches_is_named(cells, name):
    sentences = "\n".join(said(*cells))
    assert name in sentences
    assert ("The answer to softmax uses" in sentences) == bool(name)


def test_submitted_modules_are_followed():
    files = {"mine.py": b"import torch\ndef f(s):\n    return g(s)\ndef g(s):\n    return torch.softmax(s, -1)\n"}
    for cell in (
        "from mine import f as softmax",
        "import mine\ndef softmax(s):\n    return mine.f(s)",
        "from mine import *\ndef softmax(s):\n    return f(s)",
        "%run mine.py\nsoftmax = f",
        "exec(open('mine.py').read())\nsoftmax = f",
    ):
        expected = "The answer to softmax uses torch.softmax (mine.py, line 5), which the question forbids."
        assert expected in said(cell, files=files)


@pytest.mark.parametrize(
    ("cells", "after"),
    [
        (["def softmax(s):\n    'torch.softmax, F.softmax'\n    return s.exp()  # torch.softmax"], []),
        (["def softmax(s):\n    return s.exp()", "torch.softmax(torch.ones(2), -1)\ntorch.ones(2).softmax(-1)"], []),
        (["def softmax(s):\n    return torch.softmax(s, -1)", "def softmax(s):\n    return s.exp()"], []),
        (["def softmax(s):\n    return s.exp()"], ["def softmax(s):\n    return torch.softmax(s, -1)"]),
        (["def test():\n    return torch.softmax(torch.ones(2), -1)", "def softmax(s):\n    return s.exp()"], []),
        (["def softmax(s):\n    torch = s.exp()\n    return torch"], []),
        (["class A:\n    def softmax(self, s):\n        return s.exp()", "softmax = A().softmax"], []),
        (["class A:\n    def go(self, s):\n        return s.exp()\n    def compare(self, s):\n"
          "        return F.softmax(s)", "softmax = A().go"], []),
        (["torch = 5\ndef softmax(s):\n    return s"], []),
        (["softmax = softmax_of = lambda s: s.exp()"], []),
        (["model = nn.Linear(1, 1).eval()\nimport re\nre.compile('a')\neval('1')\nexec('b = 2')"], []),
        (["torch.backends.cudnn.benchmark = True\ntorch.set_num_threads(1)\nself = torch.Tensor.__repr__"], []),
        (["def broken(:", "(" * 300, "1" + "+1" * 50_000, "x = 1\x00"], []),
    ],
)  # fmt: skip
def test_honest_code_is_left_alone(cells, after):
    assert said(*cells, after=after) == []


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import gc as g\ng.get_objects()", "looks at what runs it: gc.get_objects (cell 2, line 2)"),
        ("from sys import _getframe", "sys._getframe"),
        ("import inspect\ninspect.stack()", "inspect.stack"),
        ("import ctypes", "ctypes"),
        ("f.f_back.f_locals", "f_back"),
        ("torch.allclose = print", "changes what runs it: torch.allclose"),
        ("torch.allclose, x = print, 1", "torch.allclose"),
        ("setattr(torch, 'allclose', print)", "torch.attributes"),
        ("import builtins\nbuiltins.all = any", "builtins.all"),
        ("shell = get_ipython()\nshell.ast_transformers.append(1)", "get_ipython().ast_transformers"),
        ("from classroom.questions.examiner import judge", "classroom.questions.examiner"),
        ("from classroom.check import Checker\nChecker.__call__ = print", "classroom.check.Checker.__call__"),
        ("import sys\nsys.modules['classroom'] = None", "sys.modules"),
        ("import os\nos.write(7, b'')", "os.write"),
        ("import socket\nsocket.socket(fileno=3)", "socket.socket(fileno=…)"),
        ("open(3, 'wb').write(b'')", "open(3)"),
        ("from torch.utils._python_dispatch import _disable_current_modes as d", "torch.utils._python_dispatch"),
        ("g = torch._C._DisableTorchDispatch", "torch._C._DisableTorchDispatch"),
        ("open('/proc/1/environ')", "/proc/1/environ"),
        ("exec(''.join(map(chr, [49])))", "runs code that it puts together"),
    ],
)
def test_tools_that_look_into_the_process_are_named_wherever_they_are(code, name):
    (sentence,) = said("def softmax(s):\n    return s.exp()", after=[code])[:1] or [""]
    assert sentence == "" or name in sentence.replace("cell 4", "cell 2")
    assert any(name.removesuffix(" (cell 2, line 2)") in sentence for sentence in said(code))


def test_code_that_is_put_together_in_an_answer_is_named():
    assert any("puts together (eval" in s for s in said("def softmax(s):\n    return eval(name)(s)"))
    assert any(
        "from torch that it puts together" in s for s in said("def softmax(s):\n    return getattr(torch, n)(s)")
    )
    assert any("starts another program" in s for s in said("import os\ndef softmax(s):\n    os.system('x')"))


def test_a_library_is_forbidden_by_its_full_name():
    code = "from transformer_lab import masks\ndef mask(n):\n    return masks.{}(n)"
    assert said(code.format("padding_mask"), question=LIBRARY) == []
    assert "transformer_lab.masks.causal_mask" in said(code.format("causal_mask"), question=LIBRARY)[0]


def test_remarks_are_bounded():
    questions = [Asked(f"q{i}", f"f{i}", ("torch.softmax",)) for i in range(30)]
    cells = [nbformat.v4.new_code_cell(f"import torch\ndef f{i}(s):\n    return torch.softmax(s)") for i in range(30)]
    sentences = scan(nbformat.v4.new_notebook(cells=cells), {}, questions, set())
    assert len(sentences) == MAX_SENTENCES + 1
    assert sentences[-1] == f"There are {30 - MAX_SENTENCES} more remarks of this kind."


@pytest.mark.parametrize(
    ("code", "expression", "dotted"),
    [
        ("import torch.nn.functional as F", "F.softmax", "torch.nn.functional.softmax"),
        ("import torch.nn", "torch.nn.Linear", "torch.nn.Linear"),
        ("from torch import nn as n\nm = n", "m.Linear", "torch.nn.Linear"),
        ("a = b\nb = a", "a.x", None),
        ("x = f()", "x.y", None),
        ("", "unknown.y", "unknown.y"),
        ("from os import path", "getattr(path, 'jo' + 'in')", "os.path.join"),
    ],
)
def test_names_are_resolved(code, expression, dotted):
    scope = Scope()
    bind_all(scope, parse(code), 0, "here")
    assert Names(scope).dotted(ast.parse(expression, mode="eval").body) == dotted
