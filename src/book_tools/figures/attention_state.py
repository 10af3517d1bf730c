"""What the figure *query–key–value* holds: its presets, what a valid state is, and the attention it stands for.

Letters in shapes: `q` queries, `k` keys, `d_v` the width of a value (2 here).
"""

import math
from collections.abc import Mapping, Sequence

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from transformer_lab.attention import attention_scores, masked_softmax
from transformer_lab.errors import LabError

MIN_TOKENS, MAX_TOKENS = 2, 5
LIMIT = 10.0  # of a coordinate; beyond it a plane shows little but one far point
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.1, 10.0
VECTORS = ("q", "k", "v")
MATRICES = ("w_q", "w_k", "w_v")  # what x is multiplied by, from the right, in the order of VECTORS
TRAITS = ("labels", *VECTORS, "mask", "scaled", "temperature", "query", "x", *MATRICES)

Vectors = list[list[float]]

# Hand-set starting points. "Worked example" is X = I₃, W = [[1,0],[0,1],[1,1]]: Q = K = V = W (claim C17).
_W = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
_AROUND = [[1.6, 0.6], [-0.6, 1.6], [-1.6, -0.6], [0.6, -1.6]]
_AXES = [[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0], [0.0, -2.0]]
_EYE = [[1.0, 0.0], [0.0, 1.0]]
_PRESETS = {
    "A sentence": {
        "labels": ["the", "animal", "was", "tired", "it"],
        "q": [[0.3, -0.6], [0.6, 1.0], [-0.6, 0.4], [-1.0, 1.1], [1.5, 0.9]],
        "k": [[-0.7, -1.3], [1.7, 0.8], [-1.2, -0.2], [0.2, 1.5], [1.0, -0.7]],
        "v": [[-0.4, -1.5], [1.6, 0.9], [-1.6, -0.4], [-0.5, 1.6], [1.1, -0.9]],
        "query": 4,
    },
    "Worked example": {"labels": ["x₁", "x₂", "x₃"], "q": _W, "k": _W, "v": _W, "query": 2},
    "Peaked": {
        "labels": ["a", "b", "c", "d"],
        "q": _AXES,
        "k": _AXES,
        "v": _AROUND,
        "temperature": 0.5,
    },
    "Uniform": {
        "labels": ["a", "b", "c", "d"],
        "q": [[1.0, 0.5], [-0.5, 1.0], [-1.0, -0.5], [0.5, -1.0]],
        "k": [[1.2, 0.8]] * 4,
        "v": _AROUND,
    },
    "Orthogonal": {
        "labels": ["a", "b", "c"],
        "q": [[1.5, 0.0], [0.0, 1.5], [-1.5, 0.0]],
        "k": [[0.0, 1.6], [0.0, -1.6], [1.6, 0.0]],
        "v": [[-1.2, 1.2], [-1.2, -1.2], [1.6, 0.0]],
    },
    # The queries are a quarter turn ahead of the keys: each token looks for the one that is to its left.
    "From x": {
        "labels": ["a", "b", "c", "d"],
        "x": [[1.2, 0.4], [-0.4, 1.2], [-1.2, -0.4], [0.4, -1.2]],
        "w_q": [[0.0, 1.5], [-1.5, 0.0]],
        "w_k": [[1.5, 0.0], [0.0, 1.5]],
        "w_v": [[1.0, 0.5], [0.0, 1.0]],
    },
}


class FigureError(LabError, traitlets.TraitError):
    """A state that the figure cannot show. A TraitError too, so that traitlets takes the rejected change back."""


def preset(name: str) -> dict[str, object]:
    """Every trait of a preset.

    Raises:
        FigureError: there is no preset of that name.
    """
    if name not in _PRESETS:
        raise FigureError(f"There is no preset {name!r}; choose one of {', '.join(map(repr, _PRESETS))}.")
    given = _PRESETS[name]
    return _the_same_for_all(len(given["labels"])) | _from_x(given) | given


def _the_same_for_all(n: int) -> dict[str, object]:
    start = {"query": 0, "scaled": True, "temperature": 1.0, "mask": nothing_masked(n), "x": None}
    return start | dict.fromkeys(MATRICES, _EYE)


def _from_x(given: Mapping[str, object]) -> dict[str, Vectors]:
    """The queries, keys and values that x gives, where there is an x: rows times a matrix, tidied to 4 decimals."""
    if given.get("x") is None:
        return {}
    x = torch.tensor(vectors("x", given["x"]), dtype=torch.float64)
    made = {}
    for role, name in zip(VECTORS, MATRICES, strict=True):
        product = x @ torch.tensor(matrix(name, given.get(name, _EYE)), dtype=torch.float64)
        made[role] = [[round(value, 4) + 0.0 for value in row] for row in product.tolist()]
    return made


def nothing_masked(n: int) -> list[list[bool]]:
    """The mask under which each of n queries may attend to each of n keys."""
    return [[True] * n for _ in range(n)]


def plain(value: object) -> object:
    """Arrays and tensors as lists, everything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def vectors(name: str, given: object) -> Vectors:
    """`given` as one [x, y] a token.

    Raises:
        FigureError: it holds too few or too many vectors, or one that is no pair of numbers within ±LIMIT.
    """
    rows = plain(given)
    if not (_is_sequence(rows) and MIN_TOKENS <= len(rows) <= MAX_TOKENS):
        raise FigureError(f"{name} must hold {MIN_TOKENS} to {MAX_TOKENS} vectors [x, y]; it is {rows!r}.")
    rows = [plain(row) for row in rows]
    for i, row in enumerate(rows):
        if not (_is_sequence(row) and len(row) == 2 and all(map(_is_number, row)) and max(map(abs, row)) <= LIMIT):
            raise FigureError(f"{name}[{i}] is {row!r}; give two numbers between {-LIMIT:g} and {LIMIT:g}: [x, y].")
    return [[float(x), float(y)] for x, y in rows]


def mask(given: object) -> list[list[bool]]:
    """`given` as a square of True (may attend) and False, one row a query.

    Raises:
        FigureError: it is anything else.
    """
    rows = plain(given)
    square = _is_sequence(rows) and all(
        _is_sequence(row) and len(row) == len(rows) and all(isinstance(may, bool) for may in row) for row in rows
    )
    if not square:
        raise FigureError(f"mask must be a square of True (may attend) and False, one row a query; it is {rows!r}.")
    return [list(row) for row in rows]


def temperature(given: float) -> float:
    """`given`, if the figure's slider reaches it.

    Raises:
        FigureError: it does not.
    """
    if not MIN_TEMPERATURE <= given <= MAX_TEMPERATURE:
        raise FigureError(
            f"temperature={given:g} is outside {MIN_TEMPERATURE:g} to {MAX_TEMPERATURE:g}; choose one inside"
            " (1 leaves the scores as they are)."
        )
    return float(given)


def check(state: Mapping[str, object]) -> None:
    """Raises FigureError, in a sentence, unless the traits of `state` fit together."""
    n = len(state["labels"])
    for name in (*VECTORS, "mask"):
        if len(state[name]) != n:
            raise FigureError(
                f"{name} has {len(state[name])} rows where labels has {n}; give every token one, and change"
                " several traits together with update()."
            )
    if state["x"] is not None and len(state["x"]) != n:
        raise FigureError(f"x has {len(state['x'])} rows where labels has {n}; give every token one, or x=None.")
    if not 0 <= state["query"] < n:
        raise FigureError(f"query={state['query']} is not a token; choose 0 to {n - 1}.")


def complete(given: Mapping[str, object]) -> dict[str, object]:
    """A whole state from the traits in `given`: vectors that are missing are the first given, names are x₁, x₂, …"""
    given = _from_x(given) | dict(given)
    vectors_given = [vectors(name, given[name]) for name in VECTORS if name in given]
    if not vectors_given:
        return preset(next(iter(PRESETS))) | given
    n = len(vectors_given[0])
    labels = [f"x{'₁₂₃₄₅'[i]}" if i < MAX_TOKENS else "x" for i in range(n)]
    return _the_same_for_all(n) | {"labels": labels} | dict.fromkeys(VECTORS, vectors_given[0]) | given


def attention(
    state: Mapping[str, object],
) -> tuple[Float[Tensor, "q k"], Float[Tensor, "q k"], Float[Tensor, "q d_v"]]:
    """The scores (what enters softmax), weights and outputs of a state, in float64, by the library's functions."""
    query, key, value = (torch.tensor(state[name], dtype=torch.float64) for name in VECTORS)
    scores = attention_scores(query, key) / state["temperature"]
    if not state["scaled"]:
        scores = scores * math.sqrt(query.shape[-1])
    weights = masked_softmax(scores, torch.tensor(state["mask"]))
    return scores, weights, weights @ value


def matrix(name: str, given: object) -> Vectors:
    """`given` as two rows of two numbers.

    Raises:
        FigureError: it is anything else.
    """
    rows = plain(given)
    if not (_is_sequence(rows) and len(rows) == 2):
        raise FigureError(f"{name} must be a 2 × 2 matrix, [[a, b], [c, d]]; it is {rows!r}.")
    return vectors(name, rows)


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


PRESETS = {name: preset(name) for name in _PRESETS}
