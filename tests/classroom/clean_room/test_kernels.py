"""What a question forbids is gone by every road, and nothing else is; whoever forked is unharmed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from roads import ROADS, WAYS

from classroom.clean_room.kernels import kernels
from classroom.questions.common.forbidden import FAMILIES

EVERY_ROAD = [pytest.param(family, road, id=f"{family}, {road}") for family in ROADS for road in ROADS[family]]


@pytest.fixture(scope="module")
def said():
    """The table of all roads, from a process that never has a second thread where it forks."""
    program = Path(__file__).with_name("roads.py")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_family_has_roads():
    assert ROADS.keys() == FAMILIES.keys()


@pytest.mark.parametrize(("family", "road"), EVERY_ROAD)
def test_the_road_is_open_before(said, family, road):
    """Otherwise the next test would hold of anything."""
    assert said["families"][family]["as it is"]["roads"][road]["as it is"] == "value"


@pytest.mark.parametrize(("family", "road"), EVERY_ROAD)
def test_the_road_is_closed_after(said, family, road):
    before, after = (said["families"][family][when]["roads"][road] for when in ("as it is", "taken out"))
    open_before = {way: after[way] for way in WAYS if before[way] == "value"}
    assert set(open_before.values()) == {"forbidden"}, open_before


def test_most_ways_are_open_before(said):
    """Few of torch's own functions do without bfloat16, `vmap` or gradients."""
    ways = [way for each in said["families"].values() for road in each["as it is"]["roads"].values()
            for way in road.values()]  # fmt: skip
    assert ways.count("value") > 0.95 * len(ways)


@pytest.mark.parametrize("family", ROADS)
def test_what_is_written_out_is_untouched_and_equal(said, family):
    before, after = (said["families"][family][when]["values"] for when in ("as it is", "taken out"))
    assert before == after
    assert len(before) > 50


@pytest.mark.parametrize("family", ROADS)
def test_what_was_met_is_kept_and_belongs_to_the_family(said, family):
    assert said["families"][family]["as it is"]["met"] == []
    met = said["families"][family]["taken out"]["met"]
    assert met
    assert set(met) <= set(FAMILIES[family])


@pytest.mark.parametrize("family", ROADS)
def test_the_parent_is_unharmed(said, family):
    assert set(said["parent"]["roads"][family].values()) == {"value"}
    assert said["parent"]["values"] == said["families"][family]["as it is"]["values"]


def test_the_kernels_of_a_name_are_its_own():
    """By torch's own list of operators; names of packages other than torch have none."""
    assert kernels(["transformer_lab.attention.softmax", "math.fsum"]) == {}
    assert set(kernels(["torch.nn.functional.linear"])) >= {"linear", "mkldnn_linear"}
    assert not any("matmul" in k or k in ("mm", "addmm", "bmm") for k in kernels(sum(FAMILIES.values(), ())))
    losses = kernels(["torch.nn.functional.nll_loss"])
    assert set(losses.values()) == {"torch.nn.functional.nll_loss"}
    assert {"nll_loss_forward", "nll_loss2d_forward", "nll_loss"} <= losses.keys()
    assert "nll_loss_backward" not in losses  # what autograd runs of a loss that is allowed elsewhere


def test_attention_is_named_as_attention_where_that_is_forbidden_too():
    both = kernels(["torch.softmax", "torch.nn.functional.scaled_dot_product_attention"])
    flash = "_scaled_dot_product_flash_attention_for_cpu"
    assert both[flash] == "torch.nn.functional.scaled_dot_product_attention"
    assert kernels(["torch.softmax"])[flash] == "torch.softmax"
