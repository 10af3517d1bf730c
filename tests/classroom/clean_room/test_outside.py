"""What is within the list and what is not: read, never run."""

import pytest

from classroom.clean_room.needed import Sources, needed
from classroom.clean_room.outside import outside

SETUP = "import math\nimport torch\nfrom torch import nn, Tensor\nimport torch.nn.functional as F\n"
BODY = "    e = (s - s.amax(-1, keepdim=True)).exp()\n    return e / e.sum(-1, keepdim=True)\n"
HONEST = {
    "ordinary": f"def softmax(s):\n{BODY}",
    "einops": f"from einops import rearrange\ndef softmax(s):\n    s = rearrange(s, '... k -> ... k')\n{BODY}",
    "a helper elsewhere": "def softmax(s):\n    return mine(s)\ndef mine(s):\n" + BODY,
    "a private attribute": "class A(nn.Module):\n    def __init__(self):\n"
    "        super().__init__()\n        self._d = -1\n"
    "    def forward(self, s):\n        self._d\n        return s\nsoftmax = A()",
    "replaced later": f"softmax = vars(torch)['softmax']\ndef softmax(s):\n{BODY}",
    "names of one's own": f"def softmax(s):\n    F = s\n    open = F\n    s = open\n{BODY}",
}
NOT_LISTED = {
    "vars": ("def softmax(s):\n    return vars(torch)['softmax'](s, -1)", "`vars`"),
    "below": ("def softmax(s):\n    return torch._C._VariableFunctions.softmax(s, -1)", "`torch._C`"),
    "operators": ("def softmax(s):\n    return torch.ops.aten.softmax(s, -1)", "`torch.ops`"),
    "imported operators": ("from torch import ops\ndef softmax(s):\n    return ops.aten.softmax(s, -1)", "`torch.ops`"),
    "frames": ("def softmax(s):\n    g = (x for x in s)\n    return g.gi_frame", "`gi_frame`"),
    "bytecode": ("import types\ndef softmax(s):\n    return types.FunctionType", "the module `types`"),
    "globals of a function": ("def softmax(s):\n    return F.relu.__globals__", "`__globals__`"),
    "code made of text": ("def softmax(s):\n    return eval('torch.softmax')(s, -1)", "`eval`"),
    "processes": ("import multiprocessing as m\ndef softmax(s):\n    return m", "the module `multiprocessing`"),
    "a class that watches": ("class T(Tensor):\n    def __torch_function__(c, f, t, a=(), k=None):\n        return 1\n"
                             "def softmax(s):\n    return T(s)", "a method `__torch_function__`"),
    "torch replaced": ("def softmax(s):\n    torch.exp = None\n    return s", "an assignment to `torch.exp`"),
    "no definition": ("exec('def softmax(s): return s')", "a definition that no cell contains"),
}  # fmt: skip


def found(code):
    return outside(needed(Sources([("cell 1", SETUP), ("cell 2", code)]), "softmax"))


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_is_within(name):
    assert found(HONEST[name]) is None


@pytest.mark.parametrize("name", NOT_LISTED)
def test_ways_out_are_not(name):
    code, what = NOT_LISTED[name]
    assert found(code).what == what
