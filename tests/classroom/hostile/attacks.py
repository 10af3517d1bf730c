"""What a submission is here: how it differs from the notebook as everybody hands it in, and what may come of it."""

import functools
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from submissions import SELF_ATTENTION, answered, released, solutions

NAME = "self-attention"
Notebook = dict[str, Any]
EVERY = tuple(question.id for question in SELF_ATTENTION.questions)
CRITERIA = {question.id: frozenset(c.name for c in question.criteria) for question in SELF_ATTENTION.questions}

# Right answers, each on its own feet: none calls another, so that a wrong one costs only its own points.
ANSWERS = solutions(SELF_ATTENTION, NAME) | {
    "scaled-dot-product-attention": """
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1)
    return (weights if mask is None else weights.masked_fill(~mask, 0.0)) @ value
""",
    "self-attention-layer": """
class SelfAttention(nn.Module):
    def __init__(self, d_model, d_k, d_v):
        super().__init__()
        self.query, self.key = nn.Linear(d_model, d_k, bias=False), nn.Linear(d_model, d_k, bias=False)
        self.value = nn.Linear(d_model, d_v, bias=False)

    def forward(self, x, mask=None):
        scores = self.query(x) @ self.key(x).transpose(-2, -1) / math.sqrt(self.key.out_features)
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        return (weights if mask is None else weights.masked_fill(~mask, 0.0)) @ self.value(x)
""",
}
# Answers that earn nothing, whatever they are asked: whoever has points with them has not earned them.
WRONG = {
    "project-qkv": "def project_qkv(x, w_q, w_k, w_v):\n    return 0.0",
    "attention-scores": "def attention_scores(query, key):\n    return 0.0",
    "softmax": "def softmax(scores):\n    return 0.0",
    "masked-softmax": "def masked_softmax(scores, mask=None):\n    return 0.0",
    "scaled-dot-product-attention": "def scaled_dot_product_attention(query, key, value, mask=None):\n    return 0.0",
    "decoder-mask": "def decoder_mask(tokens, pad_id):\n    return 0.0",
    "self-attention-layer": "class SelfAttention(nn.Module):\n    def forward(self, x, mask=None):\n        return 0.0",
    "steer": "def steer(weights, key, factor):\n    return 0.0",
}


@dataclass(frozen=True)
class Submission:
    """One submission: the official cells with these answers, cells added, files beside, and then a change of it all."""

    name: str
    first: str = ""  # code of a cell before everything else
    after_setup: str = ""  # of a cell after the imports, before the first question
    before_checks: str = ""  # of a cell before every check cell
    last: str = ""  # of a cell at the end
    answers: Mapping[str, str] = field(default_factory=lambda: ANSWERS)
    change: Callable[[Notebook], Notebook | str | bytes] = lambda notebook: notebook
    files: Mapping[str, str | bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Attack(Submission):
    """A hostile submission.

    `deserved` names the criteria, by question, that the code may pass, because what it computes there is right;
    all others have to fail. `flag` is part of a sentence that the report must hold.
    """

    answers: Mapping[str, str] = field(default_factory=lambda: WRONG)
    deserved: Mapping[str, Collection[str]] = field(default_factory=dict)
    outcomes: Collection[str] = ("graded",)
    flag: str = ""


def all_but(**attacked: str) -> dict[str, str]:
    """Right answers to every question but these; `decoder_mask=…` stands for the question `decoder-mask`."""
    return ANSWERS | {question.replace("_", "-"): code for question, code in attacked.items()}


def deserving(answers: Mapping[str, str], **exceptions: Collection[str]) -> dict[str, Collection[str]]:
    """Every criterion of the questions whose answer is the right one, and of others those that are named."""
    named = {question.replace("_", "-"): criteria for question, criteria in exceptions.items()}
    whole = {q: CRITERIA[q] for q, code in answers.items() if code == ANSWERS[q]}
    return whole | named


def notebook_of(submission: Submission, places: Mapping[str, str]) -> bytes:
    """The submitted file. `@COURSE@` in its code, and what else is in `places`, become real paths and addresses."""
    notebook = answered(official_cells(), submission.answers)
    cells = notebook["cells"]
    setup = next(i for i, cell in enumerate(cells) if cell["id"] == "setup")
    if submission.before_checks:
        for check in [cell for cell in cells if cell["metadata"]["nbgrader"]["grade"]]:
            cells.insert(cells.index(check), code_cell(submission.before_checks, f"before-{check['id']}"))
    if submission.after_setup:
        cells.insert(setup + 1, code_cell(submission.after_setup, "after-setup"))
    if submission.first:
        cells.insert(0, code_cell(submission.first, "first"))
    if submission.last:
        cells.append(code_cell(submission.last, "last"))
    made = submission.change(notebook)
    if isinstance(made, bytes):
        return made
    return placed(made if isinstance(made, str) else json.dumps(made), places).encode("utf-8", "surrogatepass")


def placed(text: str, places: Mapping[str, str]) -> str:
    """The text with real paths and addresses in it."""
    for name, place in places.items():
        text = text.replace(f"@{name}@", place)
    return text


def official_cells() -> Notebook:
    """The notebook as released without what is only there to look at: plots and training take seconds."""
    notebook = everything_released()
    return notebook | {"cells": [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]}


def everything_released() -> Notebook:
    """The notebook as released, each time another copy."""
    return json.loads(_released())


@functools.cache  # releasing takes as long as grading
def _released() -> str:
    return json.dumps(released(SELF_ATTENTION, NAME))


def code_cell(source: str, cell_id: str) -> dict[str, Any]:
    """A code cell of the student's own."""
    empty: dict[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None}
    return {"cell_type": "code", "id": cell_id, "source": source, **empty}


def cell(notebook: Notebook, cell_id: str) -> dict[str, Any]:
    """One cell of a notebook, by id."""
    return next(cell for cell in notebook["cells"] if cell["id"] == cell_id)
