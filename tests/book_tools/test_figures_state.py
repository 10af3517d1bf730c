"""The figure query-key-value in Python: its state, its numbers, what it puts on a page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention as torch_attention

from book_tools.figures import PRESETS, FigureError, QueryKeyValue
from book_tools.figures.figure import STATIC_PAGE
from transformer_lab.errors import LabError


def test_the_worked_example_has_the_weights_and_output_of_claim_c17() -> None:
    figure = QueryKeyValue("Worked example")
    torch.testing.assert_close(
        torch.tensor(figure.weights),
        torch.tensor([[0.4011, 0.1978, 0.4011], [0.1978, 0.4011, 0.4011], [0.2483, 0.2483, 0.5035]]),
        rtol=0,
        atol=5e-5,  # the claim gives four decimals
    )
    torch.testing.assert_close(
        torch.tensor(figure.outputs),
        torch.tensor([[0.8022, 0.5989], [0.5989, 0.8022], [0.7517, 0.7517]]),
        rtol=0,
        atol=5e-5,
    )


@pytest.mark.parametrize("name", PRESETS)
def test_the_outputs_of_every_preset_are_torchs(name: str) -> None:
    figure = QueryKeyValue(name)
    q, k, v = (torch.tensor(getattr(figure, each), dtype=torch.float64) for each in "qkv")
    expected = torch_attention(q, k, v, scale=1 / (2**0.5 * figure.temperature))
    torch.testing.assert_close(torch.tensor(figure.outputs, dtype=torch.float64), expected, rtol=0, atol=1e-12)


def test_scaling_and_temperature_divide_the_scores() -> None:
    figure = QueryKeyValue(q=[[1, 2], [0, 1]], k=[[3, 1], [1, 1]], v=[[1, 0], [0, 1]], scaled=False)
    assert figure.scores == [[5.0, 3.0], [1.0, 1.0]]
    figure.update(temperature=2.0)
    assert figure.scores == [[2.5, 1.5], [0.5, 0.5]]
    figure.update(scaled=True)
    assert figure.scores[0] == pytest.approx([2.5 / 2**0.5, 1.5 / 2**0.5], abs=1e-12)


def test_a_fully_masked_query_gets_zeros() -> None:
    figure = QueryKeyValue("Worked example", mask=[[False] * 3, [True, False, True], [True] * 3])
    assert figure.weights[0] == [0.0, 0.0, 0.0]
    assert figure.outputs[0] == [0.0, 0.0]
    assert figure.weights[1][1] == 0.0
    assert sum(figure.weights[1]) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("array", [np.array, torch.tensor])
def test_arrays_and_tensors_are_accepted(array) -> None:
    figure = QueryKeyValue(q=array([[1.0, 0.5], [0.0, 2.0]]), mask=array([[True, False], [True, True]]))
    assert figure.q == figure.k == figure.v == [[1.0, 0.5], [0.0, 2.0]]
    assert figure.labels == ["x₁", "x₂"]
    assert figure.mask == [[True, False], [True, True]]


@pytest.mark.parametrize(
    ("traits", "sentence"),
    [
        ({"q": [[1, 2]]}, "q must hold 2 to 5 vectors [x, y]; it is [[1, 2]]."),
        ({"k": [[1, 2], [3]]}, "k[1] is [3]; give two numbers between -10 and 10: [x, y]."),
        ({"v": [[1, 2], [3, float("nan")]]}, "v[1] is [3, nan]; give two numbers"),
        ({"q": [[1, 2], [3, 11]]}, "q[1] is [3, 11]; give two numbers between -10 and 10"),
        ({"q": [[1, 2], [3, "4"]]}, "q[1] is [3, '4']; give two numbers"),
        ({"q": [[1, 2]] * 2, "k": [[1, 2]] * 3}, "k has 3 rows where labels has 2"),
        ({"q": [[1, 2]] * 2, "query": 2}, "query=2 is not a token; choose 0 to 1."),
        ({"mask": [[1, 0], [0, 1]]}, "mask must be a square of True (may attend) and False"),
        ({"mask": [[True, False]]}, "mask must be a square of True (may attend) and False"),
        ({"temperature": 0.0}, "temperature=0 is outside 0.1 to 10; choose one inside"),
        ({"preset": "Nope"}, "There is no preset 'Nope'; choose one of 'A sentence', 'Worked example'"),
    ],
)
def test_a_state_that_cannot_be_shown_gets_a_sentence(traits: dict, sentence: str) -> None:
    with pytest.raises(LabError) as caught:
        QueryKeyValue(**traits)
    assert str(caught.value).startswith(sentence)


def test_a_rejected_change_leaves_the_figure_as_it_was() -> None:
    figure = QueryKeyValue("Peaked")
    before = json.dumps(figure.state())
    for change in ({"k": [[1, 1], [2, 2]]}, {"labels": ["a"], "q": [[9, 99]]}, {"q": [[1, 1]] * 4, "temperature": 99}):
        with pytest.raises(FigureError):
            figure.update(**change)
        assert json.dumps(figure.state()) == before


def test_presets_are_not_changed_through_a_figure() -> None:
    before = json.dumps(PRESETS)
    figure = QueryKeyValue("Worked example")
    figure.q[0][0] = 5.0
    figure.mask[0][0] = False
    assert json.dumps(PRESETS) == before


def test_the_fallback_table_holds_the_numbers_and_no_markup_of_the_labels() -> None:
    figure = QueryKeyValue("Worked example", labels=["<b>", "&", "z"])
    table = figure.fallback_html()
    assert "&lt;b&gt;" in table
    assert "<b>" not in table
    assert "<td>0.4011</td><td>0.1978</td><td>0.4011</td><td>[0.8022, 0.5989]</td>" in table
    assert "0.2483 0.2483 0.5035  -> [0.7517, 0.7517]" in repr(figure)


def test_in_a_notebook_the_output_is_a_widget_with_a_table_for_viewers_without_widgets() -> None:
    figure = QueryKeyValue()
    data, _ = figure._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == figure.model_id
    assert data["text/html"] == figure.fallback_html()


EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
source = "from book_tools.figures import QueryKeyValue\\nQueryKeyValue('Worked example')"
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
NotebookClient(notebook, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""


def test_executed_for_the_book_the_output_is_html_alone_and_no_widget_state(tmp_path: Path) -> None:
    """In its own process, as Sphinx executes it: the variable is inherited by the kernel."""
    path = tmp_path / "executed.ipynb"
    environment = {**os.environ, STATIC_PAGE: "1", "IPYTHONDIR": str(tmp_path / "ipython")}
    subprocess.run([sys.executable, "-c", EXECUTE, str(path)], check=True, env=environment, timeout=120)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in notebook["metadata"]  # or Sphinx adds the scripts that show it
    (output,) = notebook["cells"][0]["outputs"]
    assert set(output["data"]) == {"text/html", "text/plain"}
    assert "0.5035" in "".join(output["data"]["text/plain"])
    assert 'class="interactive-figure"' in "".join(output["data"]["text/html"])
