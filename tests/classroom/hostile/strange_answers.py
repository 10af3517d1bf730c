"""Answers of the wrong kind: tensors and objects that are meant to confuse whoever compares them."""

from attacks import Attack, all_but, deserving

TENSOR = """
class Moody(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("not now")
"""
HOSTILE = """
import random
class Hostile:
    def __repr__(self):
        raise SystemExit("repr")
    __str__ = __repr__
    def __reduce__(self):
        import os
        return os.system, ("touch @HOME@/@TOKEN@",)
    def __getattribute__(self, name):
        raise KeyboardInterrupt(name)
    def __del__(self):
        raise RuntimeError("del")
"""


def steering(name: str, body: str, before: str = "", outcomes=("graded",), **deserved) -> Attack:
    """The last question's answer does this; all others are right."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    answers = all_but(steer=f"{before}\ndef steer(weights, key, factor):\n{lines}")
    return Attack(name, answers=answers, outcomes=outcomes, deserved=deserving(answers, **deserved))


SHAPE = {"steer": ("shape and dtype",)}
ATTACKS = [
    steering("returns NaN", "return weights * float('nan')", **SHAPE),
    steering("returns infinities", "return weights + float('inf')", **SHAPE),
    steering("returns the input", "return weights", **SHAPE),
    steering("returns what was there in memory", "return torch.empty_like(weights)", **SHAPE),
    steering("returns another dtype", "return weights.to(torch.float16) * 0"),
    steering("returns whole numbers", "return torch.zeros(weights.shape, dtype=torch.int64)"),
    steering("returns a sparse tensor", "return weights.detach().to_sparse()"),
    steering("returns complex numbers", "return weights.to(torch.complex64)"),
    steering("returns a quantised tensor",
             "return torch.quantize_per_tensor(weights.detach().float(), 1, 0, torch.qint8)"),
    steering("returns a nested tensor", "return torch.nested.nested_tensor([weights.detach(), weights.detach()])"),
    steering("returns a subclass that refuses", "return torch.zeros(3).as_subclass(Moody)", TENSOR),
    steering("returns a tensor without data", "return torch.empty(weights.shape, device='meta')"),
    steering("returns a fake tensor", """
from torch._subclasses.fake_tensor import FakeTensorMode
with FakeTensorMode():
    return torch.empty(3)
"""),
    steering("returns an enormous view", "return torch.zeros(1).expand(10**12)"),
    steering("returns an enormous tensor", "return torch.zeros(2 * 10**7)"),
    steering("returns an expanded view", "return torch.zeros(1, dtype=weights.dtype).expand(weights.shape)", **SHAPE),
    steering("returns overlapping memory", "return torch.zeros(2).as_strided((1000, 1000), (0, 1))"),
    steering("returns a view of freed memory", """
import ctypes, numpy
return torch.from_numpy(numpy.ctypeslib.as_array((ctypes.c_float * 4).from_address(8), (4,)))
""", outcomes=("crashed", "graded")),
    steering("returns negative strides", "return weights.detach().numpy()[::-1]"),
    steering("returns a hundred dimensions", "return torch.zeros((1,) * 60)"),
    steering("returns a conjugate view", "return torch.zeros(3, dtype=torch.complex64).conj().imag"),
    steering("returns a generator", "yield weights"),
    steering("returns an endless generator", "while True:\n    yield weights"),
    steering("returns a coroutine", "async def later():\n    return weights\nreturn later()"),
    steering("returns a hostile object", "return Hostile()", HOSTILE, outcomes=("graded", "timeout", "crashed")),
    steering("returns a list of hostile objects", "return [Hostile(), Hostile()]", HOSTILE,
             outcomes=("graded", "timeout", "crashed")),
    steering("returns a list without end", "x = []\nx.append(x)\nreturn x"),
    steering("returns a million outputs", "return [weights] * 10**6"),
    steering("returns text", "return 'full marks'"),
    steering("returns an enormous number", "return 10**10**5"),
    steering("raises hostile objects", """
class Odd(Exception):
    def __str__(self):
        raise SystemExit("str")
    __repr__ = __str__
raise Odd
""", outcomes=("graded", "crashed")),
    steering("raises what no file can hold", "raise ValueError('\\ud800' * 1000 + '<script>' + 'x' * 10**7)"),
    steering("raises scripts", "raise ValueError('`<img src=x onerror=alert(1)>` $\\\\href{javascript:alert(1)}{x}$')"),
    steering("raises groups without end", """
error = ValueError()
for _ in range(10**4):
    error = ExceptionGroup("more", [error])
raise error
""", outcomes=("graded", "crashed")),
    steering("returns what changes when read twice", "return torch.zeros(weights.shape).as_subclass(Twice)", """
class Twice(torch.Tensor):
    reads = 0
    def detach(self):
        Twice.reads += 1
        return torch.rand(3)
    @property
    def shape(self):
        Twice.reads += 1
        return torch.Size([Twice.reads % 3])
    def numel(self):
        return 1
""", outcomes=("graded", "crashed")),
    steering("changes its arguments", "weights *= 0\nreturn weights"),
    steering("changes its arguments' type", "weights.data = torch.zeros(10**6)\nreturn weights",
             outcomes=("graded", "crashed")),
    steering("has gradients of its own", """
class Lie(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 0
    @staticmethod
    def backward(ctx, g):
        raise SystemExit("backward")
return Lie.apply(weights)
""", **SHAPE),
    Attack("is no function", answers=all_but(steer="steer = 5"), deserved=deserving(all_but(steer="steer = 5"))),
    Attack("is a class that confuses", answers=all_but(steer="""
class Meta(type):
    def __call__(cls, *a, **k):
        return cls
    def __instancecheck__(cls, other):
        return True
class steer(torch.Tensor, metaclass=type("M", (Meta, type(torch.Tensor)), {})):
    pass
"""), deserved=deserving(all_but(steer="")), outcomes=("graded", "crashed")),
]  # fmt: skip
