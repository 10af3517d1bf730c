"""What the scan says about code, and what it says nothing about; by text alone, nothing is run."""

import ast
import time
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
        *((["import operator, functools, inspect, pkgutil, pydoc, sys, types", code], "softmax") for code in (
            "softmax = operator.attrgetter('softmax')(torch)",
            "get = operator.attrgetter('nn.functional.softmax')\nsoftmax = lambda s: get(torch)(s, -1)",
            "def softmax(s):\n    return operator.methodcaller('softmax', -1)(s)",
            "def softmax(s):\n    return getattr(s, 'soft' + 'max')(-1)",
            "def softmax(s):\n    return type(s).softmax(s, -1)",
            "def softmax(s):\n    return torch.__getattribute__('softmax')(s, -1)",
            "def softmax(s):\n    return object.__getattribute__(torch, 'softmax')(s, -1)",
            "def softmax(s):\n    return inspect.getattr_static(torch, 'softmax')(s, -1)",
            "def softmax(s):\n    return vars(torch).get('softmax')(s, -1)",
            "names = vars(torch)\ndef softmax(s):\n    return names['softmax'](s, -1)",
            "def softmax(s):\n    return globals()['to' + 'rch'].softmax(s, -1)",
            "def softmax(s):\n    return sys.modules.get('torch').softmax(s, -1)",
            "def softmax(s):\n    return pkgutil.resolve_name('torch:softmax')(s, -1)",
            "def softmax(s):\n    return pydoc.locate('torch.softmax')(s, -1)",
            "def softmax(s):\n    return functools.reduce(getattr, 'nn.functional.softmax'.split('.'), torch)(s, -1)",
            "g = getattr\ndef softmax(s):\n    return g(torch, 'softmax')(s, -1)",
            "name = 'xamtfos'\ndef softmax(s):\n    return getattr(torch, name[::-1])(s, -1)",
            "def softmax(s):\n    return getattr(torch, ''.join(['soft', 'max']))(s, -1)",
            "def softmax(s):\n    return getattr(torch, ''.join(chr(c) for c in b'softmax'))(s, -1)",
            "def softmax(s):\n    return getattr(torch, f\"{'soft'}max\")(s, -1)",
            "def softmax(s):\n    return getattr(torch, 'soft%s' % 'max')(s, -1)",
            "def softmax(s):\n    return getattr(torch, b'softmax'.decode())(s, -1)",
            "def softmax(s):\n    return getattr(torch, 'SOFTMAX'.lower())(s, -1)",
            "def softmax(s):\n    return getattr(torch, 'soft_max'.replace('_', ''))(s, -1)",
            "def softmax(s):\n    return eval('torch.softmax')(s, -1)",
            "exec('def softmax(s):\\n    return torch.softmax(s, -1)')",
            "code = 'def softmax(s):\\n    return torch.softmax(s, -1)'\nexec(code)",
            "get_ipython().run_cell('def softmax(s):\\n    return torch.softmax(s, -1)')",
            "get_ipython().run_cell_magic('time', '', 'def softmax(s):\\n    return torch.softmax(s, -1)')",
            "for f in [torch.softmax]:\n    pass\nsoftmax = lambda s: f(s, -1)",
            "tools = []\ntools.append(torch.softmax)\nsoftmax = lambda s: tools[0](s, -1)",
            "tools = {}\ntools['f'] = torch.softmax\nsoftmax = lambda s: tools['f'](s, -1)",
            "class Box: pass\nBox.f = torch.softmax\nsoftmax = lambda s: Box.f(s, -1)",
            "class Box: pass\nsetattr(Box, 'f', torch.softmax)\nsoftmax = lambda s: Box.f(s, -1)",
            "from torch.nn.functional import *\nsoft = softmax\ndef softmax(s):\n    return soft(s, -1)",
            "from torch import softmax\nsoft = softmax\ndef softmax(s):\n    return soft(s, -1)",
            "def softmax(s):\n    return torch.𝐬𝐨𝐟𝐭𝐦𝐚𝐱(s, -1)",
        )),
        (["%%writefile mine.py\nimport torch\ndef f(s):\n    return torch.softmax(s, -1)",
          "from mine import f as softmax"],
         "mine.py, which cell 2 writes, line 3"),
        (["open('mine.py', 'w').write('import torch\\nsoftmax = torch.softmax')",
          "from mine import softmax"], "mine.py"),
        (["with open('mine.py', 'w') as f:\n    f.write('import torch\\nsoftmax = torch.softmax')",
          "from mine import softmax"], "torch.softmax (mine.py, which cell 2 writes"),
        (["from pathlib import Path\nPath('mine.py').write_text('import torch\\nsoftmax = torch.softmax')",
          "from mine import softmax"], "torch.softmax (mine.py"),
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
        (["import os\nr, w = os.pipe()\nos.write(w, b'x')\nos.read(r, 1)"], []),
        (["import os, threading\ndef send(w):\n    os.write(w, b'x')\nr, w = os.pipe()\nsend(w)"], []),
        (["import os\nwith open('a', 'wb') as f:\n    os.write(f.fileno(), b'x')"], []),
        (["import os, tempfile\nfile, name = tempfile.mkstemp()\nos.write(file, b'x')"], []),
        (["from operator import itemgetter\nsorted([(1, 2)], key=itemgetter(1))\nvars().get('x')"], []),
        (["def softmax(s):\n    return getattr(s, 'exp')()\nd = {}\nd.update(a=1)\nd.pop('a')"], []),
        (["%%writefile notes.py\nx = 1", "import notes\ndef softmax(s):\n    return s * notes.x"], []),
        (["def broken(:", "(" * 300, "1" + "+1" * 50_000, "x = 1\x00"], []),
    ],
)  # fmt: skip
def test_honest_code_is_left_alone(cells, after):
    assert said(*cells, after=after) == []


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("__import__('ctypes')", "ctypes"),
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
        ("import sys\nsys._𝐠etframe()", "sys._getframe"),
        ("import 𝐠c\n𝐠c.𝐠et_objects()", "gc.get_objects"),
        ("getattr(__import__('sys'), '_get' + 'frame')()", "sys._getframe"),
        ("import runpy\nrunpy.run_path('x')", "runpy"),
        ("import types\ntypes.FunctionType(compile(text, '', 'exec').co_consts[0], {})", "types.FunctionType"),
        ("compile(text, '', 'exec')", "puts together: compile"),
        ("from unittest import mock\nmock.patch('torch.exp')", "unittest.mock"),
        ("from unittest.mock import patch", "unittest.mock"),
        ("import sys\nsys.modules.update(classroom=None)", "sys.modules.update"),
        ("import sys\nm = sys.modules\nm.pop('classroom')", "sys.modules.pop"),
        ("import sys\nsys.meta_path.insert(0, 1)", "sys.meta_path"),
        ("vars(torch).update(exp=print)", "torch.update"),
        ("torch.__dict__['exp'] = print", "torch"),
        ("object.__setattr__(torch, 'exp', print)", "torch.attributes"),
        ("torch.__setattr__('exp', print)", "torch.attributes"),
        ("def f(): pass\nf.__code__ = g", "__code__"),
        ("import marshal\nmarshal.loads(b'')", "marshal"),
        ("import importlib.util as u\nu.module_from_spec(s)", "importlib.util"),
        ("import pickle\npickle.loads(b'ctorch\\nsoftmax\\n.')", "pickle.loads"),
        ("exec('import gc; gc.get_objects()')", "gc.get_objects"),
        ("%%writefile other.py\nimport gc\ngc.get_objects()", "gc.get_objects (other.py, which cell 2 writes"),
        ("import os\nfor fd in range(3, 99):\n    os.write(fd, b'')", "os.write"),
        ("import os\nr, w = os.pipe()\nfor fd in range(3, 99):\n    os.write(fd, b'')", "os.write"),
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


def test_names_that_only_running_would_tell_are_asked_about():
    for code in (
        "import operator\ndef softmax(s):\n    return operator.attrgetter(n)(torch)(s)",
        "def softmax(s):\n    return torch.__getattribute__(n)(s)",
        "def softmax(s, n):\n    return getattr(s, n)(-1)",
    ):
        assert any("that it puts together" in sentence for sentence in said(code)), code
    assert said("class A:\n    def go(self, s, n):\n        return getattr(self, n)\nsoftmax = A().go") == []


def test_a_module_whose_text_was_not_found_is_asked_about():
    sentence = "The answer to softmax imports a module whose text was not found (mine.py, cell 2)."
    remarks = said("open('mine.py', 'w').write(text)", "from mine import softmax")
    assert any(sentence.removesuffix(").") in remark for remark in remarks)
    assert said("from mine import softmax") == []


def test_names_bound_to_sums_of_names_take_no_time():
    chain = "".join(f"a{n} = a{n + 1} + a{n + 1}\n" for n in range(50)) + "a50 = ''\n"
    started = time.process_time()
    said(f"{chain}def softmax(s):\n    return getattr(torch, a0)(s)", f"{chain}exec(a0)")
    assert time.process_time() - started < 2


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
