import math

import numpy as np
import pytest

from classroom.class_report.item_analysis import (
    FEWEST,
    Bin,
    difficulty,
    discrimination,
    discriminations,
    distribution,
    histogram,
)

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("count", [1, 2, 5, 60, 997])
def test_the_distribution_is_numpy_s(count):
    scores = RNG.uniform(0, 20, count).round(2)
    found = distribution(list(scores))
    quartiles = np.percentile(scores, [25, 50, 75])
    assert (found.lower_quartile, found.median, found.upper_quartile) == pytest.approx(tuple(quartiles), abs=1e-9)
    assert (found.lowest, found.highest, found.count) == (scores.min(), scores.max(), count)
    assert found.mean == pytest.approx(scores.mean(), abs=1e-9)
    assert found.deviation == (pytest.approx(scores.std(ddof=1), abs=1e-9) if count > 1 else None)


def test_no_scores_have_no_distribution():
    assert distribution([]) is None
    assert difficulty([], 3) is None


@pytest.mark.parametrize("maximum", [1, 2, 5, 7, 10, 12.5, 20, 33, 100, 250])
def test_the_histogram_is_numpy_s(maximum):
    scores = [*(RNG.uniform(0, maximum, 300)), 0, maximum, maximum]
    bins = histogram(scores, maximum)
    edges = [b.start for b in bins] + [bins[-1].end]
    counts, _ = np.histogram(scores, edges)
    assert [b.count for b in bins] == list(counts)
    assert 8 <= len(bins) <= 20
    assert edges[-1] >= maximum > edges[-2]


def test_bins_have_round_edges_and_scores_on_an_edge_belong_above_it():
    assert histogram([0, 0.25, 0.3, 1, 5], 5)[:2] == [Bin(0, 0.25, 1), Bin(0.25, 0.5, 2)]
    assert histogram([0, 19.99, 20], 20)[-1] == Bin(19, 20, 2)
    # 0.7 and 2.1 are a hair below their edges in binary
    assert [b.count for b in histogram([0.1 * 7, 0.7 * 3], 4, most=40)][7::14] == [1, 1, 0]


def test_extra_credit_makes_the_axis_longer():
    assert histogram([21.5, 3], 20)[-1].end >= 21.5
    assert sum(b.count for b in histogram([21.5, 3], 20)) == 2


def test_difficulty_by_hand():
    assert difficulty([3, 1.5, 0, 3], 3) == pytest.approx(7.5 / 12, abs=1e-12)


def test_discrimination_is_the_correlation_with_the_rest():
    ability = RNG.normal(size=200)
    items = {str(i): list(np.clip(ability * w + RNG.normal(size=200), -1, 2) + 1) for i, w in enumerate((0, 0.5, 2))}
    table = np.array(list(items.values()))
    for i, (name, found) in enumerate(discriminations(items).items()):
        expected = np.corrcoef(table[i], np.delete(table, i, axis=0).sum(axis=0))[0, 1]
        assert found.value == pytest.approx(expected, abs=1e-9), name
        # Fisher's z, from its definition.
        z = 0.5 * math.log((1 + expected) / (1 - expected))
        low, high = z - 1.959964 / math.sqrt(197), z + 1.959964 / math.sqrt(197)
        assert found.low == pytest.approx((math.exp(2 * low) - 1) / (math.exp(2 * low) + 1), abs=1e-9)
        assert found.high == pytest.approx((math.exp(2 * high) - 1) / (math.exp(2 * high) + 1), abs=1e-9)
    assert discriminations(items)["0"].weak
    assert not discriminations(items)["2"].weak


def test_a_question_is_not_correlated_with_itself():
    alone = [float(i % 3) for i in range(FEWEST)]
    with_itself = discrimination(alone, alone)
    assert with_itself is None  # the rest of the total is nothing, for everybody


def test_nothing_is_said_of_few_students_or_equal_points():
    rising = [float(i) for i in range(FEWEST)]
    doubled = [2.0 * i for i in range(FEWEST)]
    assert discrimination(rising[:-1], doubled[:-1]) is None
    assert discrimination([1.0] * FEWEST, rising) is None
    assert discrimination(rising, doubled).value == pytest.approx(1, abs=1e-12)
    assert discrimination(rising, [0.0] * FEWEST).value == pytest.approx(-1, abs=1e-12)
