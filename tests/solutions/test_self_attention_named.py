"""Mistakes that are in no list of self-attention's questions: named, and by their right name.

They are of the kinds that were reported in public or tried on the course. Each is written as a student would write it.
"""

import re
from functools import cache

import pytest
from walk import ASSIGNMENTS, drawn

from classroom.questions.examiner import examine
from classroom.student_code.inprocess import InProcess

ASSIGNMENT = next(assignment for assignment in ASSIGNMENTS if assignment.name == "02-self-attention")
QUESTIONS = {question.id: question for question in ASSIGNMENT.questions}
IMPORTS = "import math\nimport torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
QKV, SCORES, SOFTMAX, MASKED = "project-qkv", "attention-scores", "softmax", "masked-softmax"
ATTENTION, MASK, LAYER, STEER = "scaled-dot-product-attention", "decoder-mask", "self-attention-layer", "steer"
SEEDS = (2017, 3)


def function(head, *lines):
    return f"def {head}:\n" + "\n".join(f"    {line}" for line in lines)


def qkv(*lines):
    return function("project_qkv(x, w_q, w_k, w_v)", *lines)


def scores(*lines):
    return function("attention_scores(query, key)", *lines)


def softmax(*lines):
    return function("softmax(scores)", *lines)


def masked(*lines):
    return function("masked_softmax(scores, mask=None)", *lines)


def attention(scored, *lines):
    """Attention from its scores on; `s` are the scores, and the mask is applied as it should be unless lines differ."""
    given = lines or (
        "if mask is not None: s = s.masked_fill(~mask, torch.finfo(s.dtype).min)",
        "w = s.softmax(-1)",
        "w = w if mask is None else w.masked_fill(~mask, 0.0)",
        "return w @ value",
    )
    return function("scaled_dot_product_attention(query, key, value, mask=None)", f"s = {scored}", *given)


def decoder_mask(*lines):
    return function("decoder_mask(tokens, pad_id)", "n = tokens.shape[-1]", *lines)


def layer(*lines):
    return (
        "class SelfAttention(nn.Module):\n    def __init__(self, d_model, d_k, d_v):\n        super().__init__()\n"
        "        self.query = nn.Linear(d_model, d_k, bias=False)\n"
        "        self.key = nn.Linear(d_model, d_k, bias=False)\n"
        "        self.value = nn.Linear(d_model, d_v, bias=False)\n    def forward(self, x, mask=None):\n"
        + "\n".join(f"        {line}" for line in lines)
    )


def layer_of(query="self.query(x)", key="self.key(x)", value="self.value(x)", axis="-1"):
    return layer(
        f"q, k, v = {query}, {key}, {value}",
        "s = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])",
        "if mask is not None: s = s.masked_fill(~mask, -1e9)",
        f"return s.softmax({axis}) @ v",
    )


def steer(*lines):
    return function("steer(weights, key, factor)", *lines)


TRIANGLE, SCALED = "torch.ones(n, n, dtype=torch.bool).tril()", "query @ key.mT / query.shape[-1] ** 0.5"
HELD_OUT = [
    (QKV, qkv("return x @ w_q, x @ w_v, x @ w_k"), "in another order: you return them as 1, 3, 2"),
    (QKV, qkv("return x @ w_q"), "only 1 of the 3 results that are asked for: number 1"),
    (QKV, qkv("return x @ w_q, x @ w_k"), "only 2 of the 3 results that are asked for: number 1 and number 2"),
    (QKV, qkv("q, k, v = x @ w_q, x @ w_k, x @ w_v"), "is a `return` missing"),
    (QKV, qkv("return (x @ w_q).double(), (x @ w_k).double(), (x @ w_v).double()"), "dtype is float64 where it should"),
    (QKV, qkv("return x @ w_q * 2, x @ w_k * 2, x @ w_v * 2"), "2 times the right one"),
    (QKV, qkv("return x @ w_q, (x @ w_k).detach(), x @ w_v"), "no gradient comes back to the third argument"),
    (QKV, qkv("return -(x @ w_q), -(x @ w_k), -(x @ w_v)"), "wrong sign"),
    (SCORES, scores("k = key.reshape(*key.shape[:-2], key.shape[-1], key.shape[-2])",
                    "return query @ k / query.shape[-1] ** .5"), "`reshape` or `view` stands where a transpose"),
    (SCORES, scores("s = query @ key.mT / query.shape[-1] ** .5", "return s, s.softmax(-1)"), "the first is right"),
    (SCORES, scores("return -(query @ key.mT) / query.shape[-1] ** .5"), "wrong sign"),
    (SCORES, scores("return (query @ key.mT / query.shape[-1] ** .5).relu()"), "ReLU"),
    (SCORES, scores("return query @ key.mT / math.sqrt(query.shape[1])"), "axis|size"),
    (SCORES, scores("return torch.einsum('bqd,bkd->bqk', query, key) / query.shape[-1] ** .5"), "einsum|no batch"),
    (SCORES, scores("query /= query.shape[-1] ** .5", "return query @ key.mT"), "in place"),
    (SCORES, scores("return (query @ key.mT / query.shape[-1] ** .5).half()"), "float16"),
    (SCORES, scores("return (query @ key.mT / query.shape[-1] ** .5)[None]"), "an axis of size 1 too many"),
    (SCORES, scores("return (query @ key.mT / query.shape[-1] ** .5).tolist()"), "returned a list|list"),
    (SOFTMAX, softmax("e = (scores - scores.amin(-1, keepdim=True)).exp()", "return e / e.sum(-1, keepdim=True)"),
     "overflows"),
    (SOFTMAX, softmax("e = (scores - scores.mean(-1, keepdim=True)).exp()", "return e / e.sum(-1, keepdim=True)"),
     "overflows"),
    (SOFTMAX, softmax("e = (scores - scores.median(-1, keepdim=True).values).exp()",
                      "return e / e.sum(-1, keepdim=True)"),
     "overflows"),
    (SOFTMAX, softmax("scores - scores.amax(-1, keepdim=True)", "e = scores.exp()",
                      "return e / e.sum(-1, keepdim=True)"),
     "exp\\(1000\\) is infinite"),
    (SOFTMAX, softmax("def f(s):", "    e = (s - s.amax(-1, keepdim=True)).exp()",
                      "    return e / e.sum(-1, keepdim=True)",
                      "return f(f(scores))"), "twice|a softmax too many"),
    (SOFTMAX, softmax("e = (scores - scores.amax(1, keepdim=True)).exp()", "return e / e.sum(1, keepdim=True)"),
     "axis"),
    (SOFTMAX, softmax("e = (scores - scores.amax(-1, keepdim=True)).exp()", "return e / e.mean(-1, keepdim=True)"),
     "`mean` stands where `sum`|size of the last axis"),
    (MASKED, masked("if mask is not None: scores.masked_fill(~mask, -1e9)", "return scores.softmax(-1)"),
     "the mask is never used"),
    (MASKED, masked("if mask is None: return scores.softmax(-1)",
                    "return scores.masked_fill((1 - mask.to(torch.uint8)), -1e9).softmax(-1)"), "has to be boolean"),
    (MASKED, masked("return scores.masked_fill(~mask, -1e9).softmax(-1).masked_fill(~mask, 0.)"), "`None`"),
    (MASKED, masked("if mask is None: return scores.softmax(-1)",
                    "return torch.where(mask, scores, 0.0).softmax(-1)"), "0 is a score like any other"),
    (ATTENTION, attention(SCALED, "if mask is not None: s = s.masked_fill(~mask, torch.finfo(s.dtype).min)",
                          "w = s.softmax(1)", "w = w if mask is None else w.masked_fill(~mask, 0.0)",
                          "return w @ value"), "`softmax` runs over axis 1, and belongs over axis -1"),
    (ATTENTION, attention("query @ key.mT / query.shape[-1] ** 0.25"), None),
    (ATTENTION, attention("query @ key.mT / query.shape[-1] ** -0.5"), "multiplied that should be divided|exponent"),
    (ATTENTION, attention(SCALED, "if mask is not None: s = s.masked_fill(~mask, -1e9)",
                          "w = s.softmax(-1) if mask is None else s.softmax(-1).masked_fill(~mask, 0.)",
                          "return w @ value, w"), "the first is right"),
    (ATTENTION, attention(SCALED, "if mask is not None: s.masked_fill(~mask, -1e9)", "return s.softmax(-1) @ value"),
     "never reaches your softmax"),
    (ATTENTION, attention(SCALED, "if mask is not None: s = s.masked_fill(~mask, -1e9)",
                          "w = s.softmax(-1) if mask is None else s.softmax(-1).masked_fill(~mask, 0.)",
                          "return (w @ value).mT"), "transpose of the right one"),
    (ATTENTION, attention("query @ query.mT / query.shape[-1] ** 0.5"), "matrix product"),
    (MASK, decoder_mask(f"return ({TRIANGLE} & (tokens != pad_id)[:, None, :]).to(torch.uint8)"), "uint8|integers"),
    (MASK, decoder_mask("i = torch.arange(n)", "return (i[None, :] < i[:, None]) & (tokens != pad_id)[:, None, :]"),
     "No token may see itself"),
    (MASK, decoder_mask(f"return {TRIANGLE} & (tokens == pad_id)[:, None, :]"), "padding only"),
    (MASK, decoder_mask(f"return ({TRIANGLE} & (tokens != pad_id)[:, None, :]).mT"), "transpose"),
    (MASK, decoder_mask(f"return {TRIANGLE} & (tokens < pad_id)[:, None, :]"), "one side only"),
    (LAYER, layer_of(value="self.key(x)"), "`self.key` is used where `self.value` belongs|matrix"),
    (LAYER, layer_of(axis="-2"), "query.* axis"),
    (LAYER, layer_of(query="x @ self.query.weight"), "shape|matrix product"),
    (LAYER, layer("s = self.query(x) @ self.key(x).mT / 8", "if mask is not None: s = s.masked_fill(~mask, -1e9)",
                  "return s.softmax(-1) @ self.value(x)"), None),
    (STEER, steer("e = weights.clone()", "e[..., key, :] = e[..., key, :] * factor",
                  "return e / e.sum(-1, keepdim=True)"),
     "row of a query|out of bounds"),
    (STEER, steer("e = weights.clone()", "e[..., key] = e[..., key] * factor", "return e / e.sum(-1)"),
     "Two shapes do not fit"),
    (STEER, steer("e = weights.clone()", "e[..., key] * factor", "t = e.sum(-1, keepdim=True)",
                  "return e / t.masked_fill(t == 0, 1.0)"), "A factor is missing"),
    (STEER, steer("e = weights.clone()", "e[..., key] = e[..., key] / factor if factor else 0.0",
                  "t = e.sum(-1, keepdim=True)", "return e / t.masked_fill(t == 0, 1.0)"), None),
]  # fmt: skip


@cache
def verdict(number, seed):
    question_id, code, _ = HELD_OUT[number]
    student = InProcess({})
    assert student.run_cell(IMPORTS + code).error is None
    return examine(drawn(ASSIGNMENT, QUESTIONS[question_id], seed), student)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("number", range(len(HELD_OUT)))
def test_a_mistake_of_a_known_kind_is_named_and_nothing_else_is(number, seed):
    """Where no words are expected, no name is known; then none must be given."""
    result, words = verdict(number, seed), HELD_OUT[number][2]
    assert result.score < result.max_score
    if words is None:
        assert result.diagnosis is None
    else:
        assert re.search(words, result.diagnosis or ""), result.diagnosis


def test_at_least_85_percent_are_named():
    named = sum(verdict(number, SEEDS[0]).diagnosis is not None for number in range(len(HELD_OUT)))
    assert named / len(HELD_OUT) >= 0.85
