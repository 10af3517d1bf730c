"""The chapter *Self-attention*: the numbers that its prose computes by hand are what Python's own arithmetic gives."""

import math
import re
from pathlib import Path

CHAPTER = (Path(__file__).parents[2] / "book" / "self-attention.md").read_text(encoding="utf-8")
PROSE = re.sub(r"```\{code-cell\}.*?```", "", CHAPTER, flags=re.DOTALL)

W = [(1, 0), (0, 1), (1, 1)]  # queries, keys and values of the worked example


def worked_example(query):
    """Exponentials, weights and output of one query, in plain arithmetic."""
    exponentials = [math.exp((query[0] * x + query[1] * y) / math.sqrt(2)) for x, y in W]
    weights = [e / sum(exponentials) for e in exponentials]
    output = [sum(w * v[i] for w, v in zip(weights, W, strict=True)) for i in range(2)]
    return exponentials, weights, output


def test_first_row_by_hand():
    exponentials, weights, output = worked_example(W[0])
    e, w = [f"{x:.4f}" for x in exponentials], [f"{x:.4f}" for x in weights]
    assert exponentials[1] == 1
    assert f"the exponentials are ${e[0]}$, $1$ and ${e[2]}$; their sum is ${sum(exponentials):.4f}$" in PROSE
    assert re.search(rf"weights are \${w[0]}\$, \${w[1]}\$ and \${w[2]}\$", PROSE)
    assert rf"&{w[0]}\,(1, 0) + {w[1]}\,(0, 1) \\" in PROSE
    assert rf"+ {w[2]}\,(1, 1) = ({output[0]:.4f}, {output[1]:.4f})" in PROSE


def test_the_other_rows_by_hand():
    second = [f"${x:.4f}$" for x in worked_example(W[1])[1]]
    assert f"The second row is {', '.join(second)}." in PROSE
    exponentials, weights, _ = worked_example(W[2])
    e, w = [f"${x:.4f}$" for x in exponentials], [f"${x:.4f}$" for x in weights]
    assert f"the exponentials are {e[0]}, {e[1]} and {e[2]}; their\nsum is ${sum(exponentials):.4f}$" in PROSE
    assert f"the weights are {w[0]}, {w[1]} and {w[2]}" in PROSE


def test_softmax_by_hand():
    exponentials = [math.exp(score) for score in (2, 1, 0)]
    shares = [f"${e / sum(exponentials):.3f}$" for e in exponentials]
    assert rf"$e^2 \approx {exponentials[0]:.2f}$, $e^1 \approx {exponentials[1]:.2f}$, $e^0 = 1$" in PROSE
    assert f"${sum(exponentials):.2f}$" in PROSE
    assert f"{shares[0]}, {shares[1]} and {shares[2]}" in PROSE
