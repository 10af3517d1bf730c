"""Question 7: self-attention as a module with parameters (claims C16, C21)."""

import math

import numpy as np
import torch
from torch import nn

from classroom.questions.common.drawing import causal, normal
from classroom.questions.criteria import Gradients, Permuted, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call
from transformer_lab.attention import scaled_dot_product_attention
from transformer_lab.self_attention import SelfAttention

from .attention import READY_MADE
from .running import RUNNING_W


def cases(rng: np.random.Generator) -> list[Case]:
    def weights(d_model, d_k, d_v, dtype=np.float32):
        widths = {"query": d_k, "key": d_k, "value": d_v}
        return {f"{name}.weight": normal(rng, d, d_model, dtype=dtype) for name, d in widths.items()}

    def case(name, tags, batch, n, d_model, d_k, d_v, mask=None, dtype=np.float32, backward=False):
        call = Call(
            (normal(rng, *batch, n, d_model, dtype=dtype), mask),
            construct=(d_model, d_k, d_v),
            parameters=weights(d_model, d_k, d_v, dtype),
            cotangent=normal(rng, *batch, n, d_v, dtype=dtype) if backward else None,
        )
        return Case(name, (call,), frozenset(tags))

    padding = np.array([[[True, True, True]], [[True, True, False]]])
    x, sizes = normal(rng, 1, 5, 3), (3, 2, 4)
    order = np.roll(np.arange(5), int(rng.integers(1, 5)))
    same = weights(*sizes)
    return [
        case("one sequence", {"values", "shape", "gradients"}, (), 3, 4, 2, 3, backward=True),
        case(
            "a batch with a causal mask", {"values", "shape", "gradients"}, (2,), 3, 3, 4, 2, causal(3), backward=True
        ),
        case("a batch with padding", {"values", "shape"}, (2,), 3, 4, 3, 2, padding),
        case("two batch axes", {"values", "shape"}, (2, 2), 2, 3, 2, 4, causal(2)),
        case("all sizes equal", {"values", "shape"}, (3,), 3, 3, 3, 3, causal(3)),
        case("a single token", {"values", "shape"}, (1,), 1, 4, 2, 3),
        case("double precision", {"values", "shape"}, (), 2, 3, 2, 2, dtype=np.float64),
        Case(
            "the tokens in another order",
            tuple(Call((tokens, None), construct=sizes, parameters=same) for tokens in (x, x[:, order])),
            frozenset({"permuted"}),
            {"permutation": order},
        ),
    ]


class WithBias(SelfAttention):
    def __init__(self, d_model, d_k, d_v):
        super().__init__(d_model, d_k, d_v)
        self.query, self.key = nn.Linear(d_model, d_k), nn.Linear(d_model, d_k)
        self.value = nn.Linear(d_model, d_v)


class MaskForgotten(SelfAttention):
    def forward(self, x, mask=None):
        return super().forward(x)


class MaskInverted(SelfAttention):
    def forward(self, x, mask=None):
        return super().forward(x, None if mask is None else ~mask)


class KeysFromQueries(SelfAttention):
    def forward(self, x, mask=None):
        return scaled_dot_product_attention(self.query(x), self.query(x), self.value(x), mask)


class QueriesAndKeysSwapped(SelfAttention):
    def forward(self, x, mask=None):
        return scaled_dot_product_attention(self.key(x), self.query(x), self.value(x), mask)


class ValuesNotProjected(SelfAttention):
    def forward(self, x, mask=None):
        return scaled_dot_product_attention(self.query(x), self.key(x), x, mask)


class ScaledByModelWidth(SelfAttention):
    def forward(self, x, mask=None):
        correction = math.sqrt(self.query.out_features / self.query.in_features)
        return scaled_dot_product_attention(self.query(x) * correction, self.key(x), self.value(x), mask)


class NotScaled(SelfAttention):
    def forward(self, x, mask=None):
        correction = math.sqrt(self.query.out_features)
        return scaled_dot_product_attention(self.query(x) * correction, self.key(x), self.value(x), mask)


class WithResidual(SelfAttention):
    def forward(self, x, mask=None):
        output = super().forward(x, mask)
        return x + output


class ValuesOnly(SelfAttention):
    def forward(self, x, mask=None):
        return self.value(x)


class WeightsCutOff(SelfAttention):
    def forward(self, x, mask=None):
        return scaled_dot_product_attention(self.query(x).detach(), self.key(x).detach(), self.value(x), mask)


class CutGraph(SelfAttention):
    def forward(self, x, mask=None):
        return super().forward(x, mask).detach()


class SinglePrecision(SelfAttention):
    def forward(self, x, mask=None):
        return super().forward(x, mask).float()


def _attend(q, k, v, mask):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    return scores.softmax(dim=-1) @ v


class ByFunctions(nn.Module):
    def __init__(self, d_model, d_k, d_v):
        super().__init__()
        self.d_k = d_k
        self.query = nn.Linear(d_model, d_k, bias=False)
        self.key = nn.Linear(d_model, d_k, bias=False)
        self.value = nn.Linear(d_model, d_v, bias=False)

    def forward(self, x, mask=None):
        q, k, v = (nn.functional.linear(x, part.weight) for part in (self.query, self.key, self.value))
        return _attend(q, k, v, mask)


class ByEinsum(ByFunctions):
    def forward(self, x, mask=None):
        scores = torch.einsum("...id,...jd->...ij", self.query(x), self.key(x)) / math.sqrt(self.d_k)
        if mask is not None:
            scores = torch.where(mask, scores, -torch.inf)
        return torch.einsum("...ij,...jv->...iv", scores.softmax(-1), self.value(x))


class ByLoop(ByFunctions):
    def forward(self, x, mask=None):
        keys, values = self.key(x), self.value(x)
        rows = []
        for i in range(x.shape[-2]):
            seen = None if mask is None else mask.expand(*mask.shape[:-2], x.shape[-2], -1)[..., i : i + 1, :]
            rows.append(_attend(self.query(x[..., i : i + 1, :]), keys, values, seen))
        return torch.cat(rows, dim=-2)


class AlwaysCausal(SelfAttention):
    def forward(self, x, mask=None):
        triangle = torch.ones(x.shape[-2], x.shape[-2], dtype=torch.bool).tril()
        return super().forward(x, triangle if mask is None else mask & triangle)


class NoSoftmax(SelfAttention):
    def forward(self, x, mask=None):
        scores = self.query(x) @ self.key(x).mT / self.query.out_features**0.5
        return (scores if mask is None else scores.masked_fill(~mask, 0.0)) @ self.value(x)


class MaskedAfterwards(SelfAttention):
    def forward(self, x, mask=None):
        weights = (self.query(x) @ self.key(x).mT / self.query.out_features**0.5).softmax(dim=-1)
        return (weights if mask is None else weights * mask) @ self.value(x)


class OverQueries(SelfAttention):
    def forward(self, x, mask=None):
        scores = self.query(x) @ self.key(x).mT / self.query.out_features**0.5
        filled = scores if mask is None else scores.masked_fill(~mask, -1e9)
        return filled.softmax(dim=-2) @ self.value(x)


LAYER = Question(
    id="self-attention-layer",
    title="The layer",
    target="SelfAttention",
    points=3,
    reference=SelfAttention,
    cases=cases,
    criteria=(
        Values(weight=3),
        Gradients(weight=1),
        ShapeAndDtype(weight=1),
        Permuted(weight=1, name="order of the tokens"),
    ),
    misconceptions=(
        Misconception(
            "with a bias",
            "Your projections have a bias, but the task asks for XW and nothing else. `nn.Linear` adds one unless you "
            "say `bias=False`.",
            WithBias,
        ),
        Misconception(
            "mask ignored",
            "Right without a mask, wrong with one: `forward` takes the mask but does not hand it on.",
            MaskForgotten,
        ),
        Misconception(
            "mask inverted",
            "You hide the visible keys and show the hidden ones. Here True means *may attend*.",
            MaskInverted,
        ),
        Misconception(
            "keys from the query matrix",
            "Your keys come from `self.query`, and `self.key` is never used. Then every pair of tokens would have the "
            "same score in both directions.",
            KeysFromQueries,
        ),
        Misconception(
            "queries and keys swapped",
            "Queries and keys have changed places: you ask with the keys. Check the order of the arguments.",
            QueriesAndKeysSwapped,
        ),
        Misconception(
            "values not projected",
            "You average the tokens themselves. What is averaged are the values: `self.value(x)`.",
            ValuesNotProjected,
        ),
        Misconception(
            "scaled by the width of the model",
            "You scale by √d_model. The dot product runs over d_k features: divide by √d_k.",
            ScaledByModelWidth,
        ),
        Misconception(
            "not scaled",
            "The scores are not scaled: divide them by √d_k before the softmax.",
            NotScaled,
        ),
        Misconception(
            "residual connection",
            "You add the input to the output. The residual connection comes around this layer, in a later chapter, "
            "and would not even fit when `d_v` differs from `d_model`.",
            WithResidual,
        ),
        Misconception(
            "no attention",
            "You return the values as they are: no token receives anything from another. Queries and keys are not "
            "used.",
            ValuesOnly,
        ),
        Misconception(
            "weights cut off",
            "The values are right, but no gradient reaches the query and key matrices (`.detach()`, `torch.no_grad()`, "
            "`.data`). The layer could never learn where to look.",
            WeightsCutOff,
        ),
        Misconception(
            "cut graph",
            "The values are right, but no gradient reaches the parameters (`.detach()`, `torch.no_grad()`, `.data`). "
            "The layer could not be trained.",
            CutGraph,
        ),
        Misconception(
            "fixed precision",
            "Your output is float32 whatever comes in. A layer in float64 gives float64.",
            SinglePrecision,
        ),
        Misconception(
            "always causal",
            "You hide the future whether a mask says so or not. Who may see whom is the caller's choice: without a "
            "mask every token sees every token.",
            AlwaysCausal,
        ),
        Misconception(
            "no softmax",
            "You multiply the values by the scores themselves. Turn scores into weights with a softmax first.",
            NoSoftmax,
        ),
        Misconception(
            "masked after the softmax",
            "You remove hidden keys after the softmax, so the visible weights no longer sum to 1. Hide the keys "
            "before the softmax.",
            MaskedAfterwards,
        ),
        Misconception(
            "softmax over queries",
            "Your weights sum to 1 over the *query* axis; softmax belongs on the key axis: `dim=-1`.",
            OverQueries,
        ),
    ),
    alternatives={"functional linear": ByFunctions, "einsum": ByEinsum, "one token at a time": ByLoop},
    forbidden=(*READY_MADE, "transformer_lab.self_attention.SelfAttention.forward"),
    promises={
        "keeps its matrices as parameters": "gradients",
        "the class `SelfAttention`": "values",
        "**without a bias**": "misconception with a bias",
        "two from `d_model` to `d_k`, one from `d_model` to `d_v`": "one sequence; a batch with a causal mask",
        "The names matter": "nothing to test",
        "stores its matrix transposed": "nothing to test",
        "You need not care": "nothing to test",
        "`forward(x, mask)` returns the output of attention": "values; misconception mask ignored",
    },
    guide=Guide(
        difficulty=2,
        minutes=12,
        section=Section("self-attention", "A layer that learns where to look"),
        hints=(
            "The constructor makes three linear maps and keeps them as attributes; `forward` uses them and the "
            "function of question 5.",
            "`nn.Linear(d_model, d_k, bias=False)` maps the last axis from `d_model` to `d_k`, whatever comes before.",
            "Queries, keys and values are `self.query(x)`, `self.key(x)` and `self.value(x)`. Do not forget to hand on "
            "the mask.",
        ),
    ),
    example=WorkedExample(
        call="SelfAttention(d_model=3, d_k=2, d_v=2)(X), each of its three matrices set to W",
        construct=(3, 2, 2),
        arguments=(np.eye(3, dtype=np.float32),),
        parameters=dict.fromkeys(
            ("query.weight", "key.weight", "value.weight"), np.array(RUNNING_W, dtype=np.float32).T.copy()
        ),
        expected=([[0.8022, 0.5989], [0.5989, 0.8022], [0.7517, 0.7517]],),
    ),
    attempts=(
        Attempt(
            "class SelfAttention(nn.Module):\n"
            "    def __init__(self, d_model, d_k, d_v):\n"
            "        super().__init__()\n"
            "        self.query, self.key = nn.Linear(d_model, d_k), nn.Linear(d_model, d_k)\n"
            "        self.value = nn.Linear(d_model, d_v)\n"
            "    def forward(self, x, mask=None):\n        return self.value(x)",
            named="with a bias",
        ),
        Attempt("from transformer_lab.self_attention import SelfAttention", forbidden="transformer_lab."),
    ),
)
