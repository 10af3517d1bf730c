"""Right answers that few people would write: other algorithms, other styles, other corners of Python and torch."""

from attacks import ANSWERS, Submission

MASKED = """
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    e = (scores - scores.amax(-1, keepdim=True)).exp()
    if mask is not None:
        e = e * mask
    return e / e.sum(-1, keepdim=True).clamp(min=1e-30)
"""


def answering(name: str, question: str, code: str, **more: object) -> Submission:
    """One question answered in an unusual way."""
    return Submission(name, answers=ANSWERS | {question: code}, **more)


def softmax(name: str, code: str, **more: object) -> Submission:
    """The softmax question, answered in an unusual way."""
    return answering(name, "softmax", code, **more)


SUBMISSIONS = [
    softmax("a loop over rows", """
def softmax(scores):
    rows = scores.reshape(-1, scores.shape[-1])
    done = []
    for row in rows:
        e = torch.exp(row - row.max())
        done.append(e / e.sum())
    return torch.stack(done).reshape(scores.shape)
"""),
    softmax("a loop over numbers", """
def softmax(scores):
    flat = scores.reshape(-1, scores.shape[-1])
    out = torch.empty_like(flat)
    for i in range(flat.shape[0]):
        top = max(flat[i, j] for j in range(flat.shape[1]))
        e = [torch.exp(flat[i, j] - top) for j in range(flat.shape[1])]
        for j in range(flat.shape[1]):
            out[i, j] = e[j] / sum(e)
    return out.reshape(scores.shape)
"""),
    softmax("logsumexp", "def softmax(scores):\n    return torch.exp(scores - torch.logsumexp(scores, -1, True))"),
    softmax("a lambda",
            "softmax = lambda s: (s - s.amax(-1, True)).exp() / (s - s.amax(-1, True)).exp().sum(-1, True)"),
    softmax("a closure", """
def make_softmax(dim):
    def softmax(scores):
        e = (scores - scores.amax(dim=dim, keepdim=True)).exp()
        return e / e.sum(dim=dim, keepdim=True)
    return softmax
softmax = make_softmax(-1)
"""),
    softmax("a partial", """
from functools import partial
def general_softmax(x, dim):
    e = (x - x.amax(dim=dim, keepdim=True)).exp()
    return e / e.sum(dim=dim, keepdim=True)
softmax = partial(general_softmax, dim=-1)
"""),
    softmax("a class that can be called", """
class Softmax:
    def __init__(self, dim):
        self.dim = dim
    def __call__(self, scores):
        e = (scores - scores.amax(self.dim, keepdim=True)).exp()
        return e / e.sum(self.dim, keepdim=True)
softmax = Softmax(-1)
"""),
    softmax("a method of its own with a forbidden name", """
class Mine:
    def softmax(self, x, dim):
        e = (x - x.amax(dim, keepdim=True)).exp()
        return self.log_softmax(e, dim)
    def log_softmax(self, e, dim):
        return e / e.sum(dim, keepdim=True)
mine = Mine()
def softmax(scores):
    return mine.softmax(scores, -1)
"""),
    softmax("a module", """
class SoftmaxLayer(nn.Module):
    def forward(self, scores):
        e = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
        return torch.div(e, torch.sum(e, dim=-1, keepdim=True))
softmax = SoftmaxLayer()
"""),
    softmax("recursion", """
def total(x):
    n = x.shape[-1]
    return x if n == 1 else total(x[..., : n // 2]) + total(x[..., n // 2 :])
def softmax(scores):
    e = (scores - scores.amax(-1, keepdim=True)).exp()
    return e / total(e)
"""),
    softmax("decorators", """
import functools, time
def timed(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        try:
            return f(*args, **kwargs)
        finally:
            wrapper.spent = time.perf_counter() - start
    return wrapper
@timed
@torch.enable_grad()
def softmax(scores):
    e = (scores - scores.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
"""),
    softmax("a cached helper", """
from functools import lru_cache
@lru_cache(maxsize=None)
def axis(n):
    return n - 1
def softmax(scores):
    e = (scores - scores.amax(axis(scores.ndim), keepdim=True)).exp()
    return e / e.sum(axis(scores.ndim), keepdim=True)
"""),
    softmax("a custom autograd function", """
class MySoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, s):
        e = (s - s.amax(-1, keepdim=True)).exp()
        p = e / e.sum(-1, keepdim=True)
        ctx.save_for_backward(p)
        return p
    @staticmethod
    def backward(ctx, grad):
        p, = ctx.saved_tensors
        return p * (grad - (grad * p).sum(-1, keepdim=True))
def softmax(scores):
    return MySoftmax.apply(scores)
"""),
    softmax("vmap", """
def one(row):
    e = (row - row.max()).exp()
    return e / e.sum()
def softmax(scores):
    return torch.vmap(one)(scores.reshape(-1, scores.shape[-1])).reshape(scores.shape)
"""),
    softmax("operations in place on new tensors", """
def softmax(scores):
    out = scores - scores.max(-1, keepdim=True)[0]
    out = out.exp()
    out = out.clone()
    out /= out.sum(-1, keepdim=True).clone()
    return out
"""),
    softmax("double precision inside", """
def softmax(scores):
    wide = scores.double()
    e = (wide - wide.amax(-1, keepdim=True)).exp()
    return (e / e.sum(-1, keepdim=True)).to(scores.dtype)
"""),
    softmax("powers of two", """
def softmax(scores):
    e = torch.exp2((scores - scores.amax(-1, keepdim=True)) * 1.4426950408889634)
    return e / e.sum(-1, keepdim=True)
"""),
    softmax("einops", """
from einops import reduce
def softmax(scores):
    top = reduce(scores, "... k -> ... 1", "max")
    e = (scores - top).exp()
    return e / reduce(e, "... k -> ... 1", "sum")
"""),
    softmax("threads inside an answer", """
from concurrent.futures import ThreadPoolExecutor
def softmax(scores):
    with ThreadPoolExecutor(2) as pool:
        e = pool.submit(lambda: (scores - scores.amax(-1, keepdim=True)).exp()).result()
        return e / pool.submit(e.sum, -1, True).result()
"""),
    softmax("forbidden names in words", '''
def softmax(scores):
    """Not torch.softmax(scores, dim=-1), nor F.softmax, nor scores.softmax(-1): eval("torch.softmax") is forbidden."""
    # torch.nn.functional.softmax would be shorter; getattr(torch, "softmax") as well
    note = "torch.softmax"
    e = (scores - scores.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
'''),
    softmax("local names that shadow torch's", """
def softmax(scores):
    F = (scores - scores.amax(-1, keepdim=True)).exp()
    sum = F.sum(-1, keepdim=True)
    softmax = F / sum
    return softmax
"""),
    softmax("types and generics", """
from __future__ import annotations
from dataclasses import dataclass
from typing import Callable, Generic, Protocol, TypeVar
T = TypeVar("T")
@dataclass(frozen=True)
class Box(Generic[T]):
    value: T
    def then(self, f: Callable[[T], T]) -> Box[T]:
        return Box(f(self.value))
class Maps(Protocol):
    def __call__(self, x: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k"]: ...
def softmax(scores: Float[Tensor, "*batch q k"]) -> Float[Tensor, "*batch q k"]:
    shifted: Box[Tensor] = Box(scores).then(lambda s: s - s.amax(-1, keepdim=True)).then(torch.exp)
    return shifted.then(lambda e: e / e.sum(-1, keepdim=True)).value
"""),
    softmax("identifiers in other scripts", """
def softmax(scores):
    # 先减去每行的最大值, 再取指数
    最大值 = scores.amax(dim=-1, keepdim=True)
    σ_числитель = (scores - 最大值).exp()
    return σ_числитель / σ_числитель.sum(dim=-1, keepdim=True)
"""),
    softmax("tabs",
            "def softmax(s):\n\te = (s - s.amax(-1, keepdim=True)).exp()\n\treturn e / e.sum(-1, keepdim=True)"),
    softmax("match and walrus", """
def softmax(scores):
    match scores.ndim:
        case 0:
            return scores * 0 + 1
        case _ if (e := (scores - scores.amax(-1, keepdim=True)).exp()) is not None:
            return e / e.sum(-1, keepdim=True)
"""),
    softmax("generators", """
def pieces(scores):
    top = scores.amax(-1, keepdim=True)
    yield (scores - top).exp()
    yield (scores - top).exp().sum(-1, keepdim=True)
def softmax(scores):
    e, total = pieces(scores)
    return e / total
"""),
    softmax("contexts and assertions", """
import contextlib, warnings
def softmax(scores):
    assert scores.is_floating_point(), "scores must be numbers"
    with warnings.catch_warnings(), contextlib.suppress(ZeroDivisionError), torch.autograd.set_detect_anomaly(False):
        warnings.warn("careful")
        e = (scores - scores.amax(-1, keepdim=True)).exp()
        out = e / e.sum(-1, keepdim=True)
        assert torch.allclose(out.sum(-1), torch.ones_like(out[..., 0]))
        return out
"""),
    answering("heads split by einops", "scaled-dot-product-attention", """
from einops import einsum as ein
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = ein(query, key, "... q d, ... k d -> ... q k") * query.shape[-1] ** -0.5
    return ein(weighted(scores, mask), value, "... q k, ... k v -> ... q v")
def weighted(scores, mask):""" + MASKED),
    answering("bmm", "attention-scores", """
def attention_scores(query, key):
    batch = torch.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    q = query.expand(*batch, *query.shape[-2:]).reshape(-1, *query.shape[-2:])
    k = key.expand(*batch, *key.shape[-2:]).reshape(-1, *key.shape[-2:])
    scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(query.shape[-1])
    return scores.reshape(*batch, query.shape[-2], key.shape[-2])
"""),
    answering("einsum", "attention-scores", """
def attention_scores(query, key):
    return torch.einsum("...id,...jd->...ij", query, key).div(query.size(-1) ** 0.5)
"""),
    answering("named after the library's function", "scaled-dot-product-attention", """
def attention(q, k, v, mask=None):
    s = torch.matmul(q, k.mT) / q.shape[-1] ** 0.5
    return weights(s, mask) @ v
def weights(scores, mask=None):""" + MASKED + """
class Functional:
    scaled_dot_product_attention = staticmethod(attention)
F = Functional()
def scaled_dot_product_attention(query, key, value, mask=None):
    return F.scaled_dot_product_attention(query, key, value, mask)
"""),
    answering("numpy where no gradient is asked for", "decoder-mask", """
import numpy as np
def decoder_mask(tokens, pad_id):
    t = tokens.numpy()
    n = t.shape[1]
    keep = np.tril(np.ones((n, n), bool))[None] & (t != pad_id)[:, None, :]
    return torch.from_numpy(keep)
"""),
    answering("lists where no gradient is asked for", "decoder-mask", """
def decoder_mask(tokens, pad_id):
    return torch.tensor([[[j <= i and t != pad_id for j, t in enumerate(row)] for i in range(len(row))]
                         for row in tokens.tolist()])
"""),
    answering("a layer with helpers and buffers", "self-attention-layer", """
class Projection(nn.Linear):
    def __init__(self, a, b):
        super().__init__(a, b, bias=False)
class Base(nn.Module):
    def attend(self, q, k, v, mask):
        return self.weigh(q @ k.mT * self.scale, mask) @ v
    @staticmethod
    def weigh(scores, mask):""" + MASKED.replace("\n    ", "\n        ") + """
class SelfAttention(Base):
    def __init__(self, d_model: int, d_k: int, d_v: int) -> None:
        super().__init__()
        for name, size in {"query": d_k, "key": d_k, "value": d_v}.items():
            setattr(self, name, Projection(d_model, size))
        self.register_buffer("scale", torch.tensor(d_k ** -0.5, dtype=torch.float64), persistent=False)
        self.dropout = nn.Dropout(0.1)
    def forward(self, x, mask=None):
        self.scale = self.scale.to(x.dtype)
        return self.attend(self.query(x), self.key(x), self.dropout(self.value(x)), mask)
    def extra_repr(self):
        return f"scale={self.scale:.3f}"
"""),
    answering("returns a list", "project-qkv", """
def project_qkv(x, w_q, w_k, w_v):
    return [x.matmul(w) for w in (w_q, w_k, w_v)]
"""),
    answering("returns a named tuple", "project-qkv", """
from collections import namedtuple
Projected = namedtuple("Projected", "q k v")
def project_qkv(x, w_q, w_k, w_v):
    together = x @ torch.cat([w_q, w_k, w_v], dim=1)
    return Projected(*together.split([w_q.shape[1], w_k.shape[1], w_v.shape[1]], dim=-1))
"""),
    answering("star arguments", "steer", """
def steer(*args, **kwargs):
    weights, key, factor = args
    scale = torch.ones(weights.shape[-1], dtype=weights.dtype)
    scale[key] = factor
    new = weights * scale
    total = new.sum(-1, keepdim=True)
    return torch.where(total > 0, new / torch.where(total > 0, total, torch.ones_like(total)), new)
"""),
    Submission("helper modules beside the notebook", answers=ANSWERS | {
        "softmax": "from helpers import my_softmax as softmax",
        "attention-scores": "import lib.scores\ndef attention_scores(q, k):\n    return lib.scores.scaled(q, k)",
    }, files={
        "helpers.py": "def my_softmax(s):\n    e = (s - s.amax(-1, keepdim=True)).exp()\n"
                      "    return e / e.sum(-1, keepdim=True)\n"
                      "\ndef check_against_torch(s):\n    import torch\n    return torch.softmax(s, -1)\n",
        "lib/__init__.py": "",
        "lib/scores.py": "def scaled(q, k):\n    return q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5\n",
        "notes.txt": "F.softmax", "figure.png": b"\x89PNG\r\n",
    }),
    Submission("a star import of a helper module", answers=ANSWERS | {"softmax": "from helpers import *"}, files={
        "helpers.py": "import torch\ndef softmax(s):\n    e = (s - s.amax(-1, keepdim=True)).exp()\n"
                      "    return e / e.sum(-1, keepdim=True)\n",
    }),
    Submission("one cell for everything", answers=dict.fromkeys(ANSWERS, "# in the cell above\npass"),
               after_setup="\n\n".join(ANSWERS.values())),
]  # fmt: skip
