"""The assignment self-attention: its evidence, its solutions, and its notebooks in a real kernel."""

import time
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from classroom.authoring.notebook import BEGIN_SOLUTION, read_source
from classroom.authoring.release import PUBLIC_SEED, authored_files, released_files
from classroom.questions.assignment import Assignment
from classroom.questions.drawn import DrawnQuestion, materialise
from classroom.questions.evidence import weaknesses
from classroom.questions.examiner import examine
from classroom.student_code.inprocess import InProcess

DIRECTORY = Path(__file__).parents[2] / "solutions" / "02-self-attention"
ASSIGNMENT = Assignment(DIRECTORY)
QUESTIONS = ASSIGNMENT.questions
SEEDS = range(20)
each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)

IMPORTS = """
import math
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
"""


@cache
def drawn(question_id: str, seed: int = PUBLIC_SEED) -> DrawnQuestion:
    """A question's cases, drawn once for all tests."""
    return materialise(next(question for question in QUESTIONS if question.id == question_id), seed)


@cache
def solutions() -> InProcess:
    """A student who has run the answer cells of the notebook with solutions, and no other cell."""
    student = InProcess({})
    assert student.run_cell(IMPORTS).error is None
    for cell in read_source(DIRECTORY / "self-attention.py").cells:
        if BEGIN_SOLUTION in cell.source:
            assert student.run_cell(cell.source).error is None
    return student


def executed(kind: str, directory: Path) -> list[nbformat.NotebookNode]:
    """The notebook's code cells after a run from top to bottom in a kernel of its own."""
    files = {"authored": authored_files, "released": released_files}[kind](ASSIGNMENT)
    for name, content in files.items():
        (directory / name).write_bytes(content)
    notebook = nbformat.read(directory / "self-attention.ipynb", as_version=4)
    NotebookClient(notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": str(directory)}}).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module", params=["authored", "released"])
def run(request, tmp_path_factory):
    return request.param, executed(request.param, tmp_path_factory.mktemp(request.param))


@each_question
def test_evidence_holds_on_20_seeds(question):
    assert weaknesses(question, SEEDS) == []


@each_question
def test_question_is_worth_asking(question):
    assert len(question.misconceptions) >= 4
    assert len(question.alternatives) >= 2
    assert {criterion.name for criterion in question.criteria} >= {"values", "shape and dtype"}


def test_there_are_at_least_six_questions_and_20_points():
    assert len(QUESTIONS) >= 6
    assert sum(question.points for question in QUESTIONS) == 20


@each_question
@pytest.mark.parametrize("seed", [PUBLIC_SEED, 0])
def test_written_out_solution_equals_the_reference(question, seed):
    """Outputs within 1e-5 + 1e-5·|expected| of the library's, which is stricter than what students are held to."""
    public = drawn(question.id, seed)
    result = examine(public, solutions())
    assert [c.message for c in result.criteria if not c.passed] == []
    for case, expected in zip(public.cases, public.expected, strict=True):
        for call, right in zip(case.calls, expected, strict=True):
            given = solutions().answer(question.target, call)
            for a, b in zip(right.outputs, given.outputs, strict=True):
                np.testing.assert_allclose(b.values, a.values, rtol=1e-5, atol=1e-5, err_msg=case.name)
                assert b.dtype == a.dtype


@each_question
def test_the_overview_names_every_question_and_its_points(question):
    overview = read_source(DIRECTORY / "self-attention.py").cells[0].source
    (row,) = [line for line in overview.splitlines() if f"`{question.target}`" in line]
    assert f"[{question.title}](#" in row
    assert row.endswith(f"| {question.points:g} |")


def test_solutions_agree_with_torch():
    """The written-out attention against torch's own, at 1e-6 in float32."""
    space = solutions().namespace
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 2, 3, 5, 4, generator=generator)
    value = torch.randn(2, 3, 5, 6, generator=generator)
    mask = torch.rand(2, 1, 5, 5, generator=generator) < 0.5
    mask[..., 0] = True
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    given = space["scaled_dot_product_attention"](query, key, value, mask)
    torch.testing.assert_close(given, expected, rtol=0, atol=1e-6)
    scores = 50 * torch.randn(4, 7, generator=generator)
    torch.testing.assert_close(space["softmax"](scores), torch.softmax(scores, dim=-1), rtol=0, atol=1e-6)


def test_running_example_gives_the_true_numbers():
    """Claim C17: the corrected weights and output of the worked example, to the four digits published there."""
    space = solutions().namespace
    matrix = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    q, k, v = space["project_qkv"](torch.eye(3), matrix, matrix, matrix)
    weights = space["masked_softmax"](space["attention_scores"](q, k))
    expected = torch.tensor([[0.4011, 0.1978, 0.4011], [0.1978, 0.4011, 0.4011], [0.2483, 0.2483, 0.5035]])
    torch.testing.assert_close(weights, expected, rtol=0, atol=5e-5)
    output = space["scaled_dot_product_attention"](q, k, v)
    expected = torch.tensor([[0.8022, 0.5989], [0.5989, 0.8022], [0.7517, 0.7517]])
    torch.testing.assert_close(output, expected, rtol=0, atol=5e-5)


@pytest.mark.parametrize(
    ("question_id", "code", "name"),
    [
        ("softmax", "softmax = lambda scores: torch.softmax(scores, dim=-1)", "torch.softmax"),
        ("softmax", "softmax = lambda scores: scores.softmax(-1)", "torch.Tensor.softmax"),
        ("softmax", "softmax = nn.Softmax(dim=-1)", "torch.nn.Softmax.forward"),
        (
            "scaled-dot-product-attention",
            "def scaled_dot_product_attention(q, k, v, mask=None):\n"
            "    return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)",
            "torch.nn.functional.scaled_dot_product_attention",
        ),
        (
            "scaled-dot-product-attention",
            "from transformer_lab.attention import scaled_dot_product_attention",
            "transformer_lab.attention.",
        ),
        (
            "self-attention-layer",
            "from transformer_lab.self_attention import SelfAttention",
            "transformer_lab.",
        ),
    ],
)
def test_calling_the_ready_made_one_earns_nothing(question_id, code, name):
    student = InProcess({})
    assert student.run_cell(IMPORTS + code).error is None
    result = examine(drawn(question_id), student)
    assert result.score == 0
    assert name in result.diagnosis


AS_STUDENTS_WRITE_IT = {
    "all axes reversed": (
        "attention-scores",
        "def attention_scores(q, k):\n    return q @ k.T / math.sqrt(q.size(-1))",
    ),
    "queries with queries": (
        "attention-scores",
        "def attention_scores(q, k):\n    return torch.einsum('...id,...jd->...ij', q, q) / q.shape[-1] ** 0.5",
    ),
    "overflow": (
        "softmax",
        "def softmax(s):\n    return torch.exp(s) / torch.exp(s).sum(-1, keepdim=True)",
    ),
    "the sum lost its axis": (
        "softmax",
        "def softmax(s):\n    e = torch.exp(s - s.max(-1, keepdim=True)[0])\n    return e / e.sum(-1)",
    ),
    "NaN for a query that sees nothing": (
        "masked-softmax",
        "def masked_softmax(s, mask=None):\n"
        "    if mask is not None:\n        s = torch.where(mask, s, float('-inf'))\n"
        "    return nn.functional.softmax(s, dim=-1)",
    ),
    "hidden scores not low enough, and uniform rows": (
        "masked-softmax",
        "def masked_softmax(s, mask=None):\n"
        "    return s.softmax(-1) if mask is None else (s - 100 * (~mask)).masked_fill(~mask, -50).softmax(-1)",
    ),
    "weights multiplied by the mask": (
        "scaled-dot-product-attention",
        "def scaled_dot_product_attention(q, k, v, mask=None):\n"
        "    w = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)\n"
        "    return (w if mask is None else w * mask) @ v",
    ),
    "future in place of past": (
        "decoder-mask",
        "def decoder_mask(t, pad_id):\n"
        "    n = t.shape[1]\n    return torch.triu(torch.ones(n, n)).bool() & (t != pad_id).unsqueeze(1)",
    ),
    "with a bias": (
        "self-attention-layer",
        "class SelfAttention(nn.Module):\n"
        "    def __init__(self, d_model, d_k, d_v):\n"
        "        super().__init__()\n"
        "        self.query, self.key = nn.Linear(d_model, d_k), nn.Linear(d_model, d_k)\n"
        "        self.value = nn.Linear(d_model, d_v)\n"
        "    def forward(self, x, mask=None):\n        return self.value(x)",
    ),
    "changed in place": (
        "steer",
        "def steer(w, key, factor):\n    w[..., key] *= factor\n    return w / w.sum(-1, keepdim=True)",
    ),
}


@pytest.mark.parametrize("name", AS_STUDENTS_WRITE_IT)
def test_mistakes_are_named_however_they_are_written(name):
    question_id, code = AS_STUDENTS_WRITE_IT[name]
    student = InProcess({})
    assert student.run_cell(IMPORTS + code).error is None
    result = examine(drawn(question_id), student)
    sentence = next(m.sentence for m in drawn(question_id).misconceptions if m.name == name)
    assert result.diagnosis == sentence
    assert result.score < result.max_score


def test_a_check_takes_less_than_a_second():
    for question in QUESTIONS:
        public = drawn(question.id)
        start = time.perf_counter()
        examine(public, solutions())
        assert time.perf_counter() - start < 1, question.id


def test_notebook_runs_from_top_to_bottom(run):
    """With solutions and untouched: no cell raises, nothing goes to stderr (nbgrader would take it for a failure)."""
    kind, cells = run
    troubles = [
        (cell.id, output.get("evalue") or output.get("text"))
        for cell in cells
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]
    assert troubles == [], kind


def test_notebook_checks_give_all_points_or_none(run):
    kind, cells = run
    given = {cell.id: cell.outputs for cell in cells}
    for question in QUESTIONS:
        (output,) = given[question.id]
        expected = question.points if kind == "authored" else 0
        assert float(output.data["text/plain"]) == expected, question.id
        assert question.title in output.data["text/html"]


def test_experiments_show_something_once_solved_and_nothing_before(run):
    kind, cells = run
    experiments = [cell for cell in cells if "with suppress(NotImplementedError)" in cell.source]
    assert len(experiments) >= len(QUESTIONS)
    for cell in experiments:
        assert bool(cell.outputs) == (kind == "authored"), cell.source
    figures = [output for cell in cells for output in cell.outputs if output.output_type == "display_data"]
    assert len(figures) == (4 if kind == "authored" else 0)
