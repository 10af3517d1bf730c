"""The cheap dropout mask against what dropout promises."""

import pytest
import torch

from transformer_lab.dropout import Dropout
from transformer_lab.errors import LabError


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_share_of_zeros_and_the_scale(p, dtype):
    """A million draws: the share lies within five standard deviations; the rest is divided by 1 − p."""
    torch.manual_seed(0)
    y = Dropout(p)(torch.ones(1000, 1000, dtype=dtype))
    assert y.dtype == dtype
    dropped = (y == 0).double().mean().item()
    assert dropped == pytest.approx(p, abs=5 * (p * (1 - p) / 1e6) ** 0.5)
    assert y[y != 0].unique().double().tolist() == pytest.approx(
        [1 / (1 - p)], rel=2**-8 if dtype != y.float().dtype else 1e-4
    )


def test_a_probability_next_to_one_drops_nearly_all_and_one_is_refused():
    torch.manual_seed(0)
    y = Dropout(1 - 1e-9)(torch.ones(1000, 1000))
    assert y.isfinite().all()
    assert (y == 0).double().mean() > 0.9999
    for p in (1.0, -0.1, float("nan")):
        with pytest.raises(LabError, match="must be at least 0 and below 1"):
            Dropout(p)


def test_elements_are_dropped_independently_of_their_neighbours():
    """One draw of 64 bits serves four elements: no two of them, and no two draws, may be correlated."""
    torch.manual_seed(0)
    kept = (Dropout(0.3)(torch.ones(1_000_000)) != 0).double() - 0.7
    for distance in (1, 2, 3, 4, 5, 8, 64):
        correlation = (kept[:-distance] * kept[distance:]).mean().item() / 0.21
        assert abs(correlation) < 5e-3  # five standard deviations of 1/√n


def test_the_gradient_passes_where_the_number_passed():
    torch.manual_seed(0)
    x = torch.randn(7, 13, requires_grad=True)  # 91 elements: the last draw is not used up
    y = Dropout(0.4)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, (y / x).detach(), rtol=1e-5, atol=1e-6)
    assert torch.equal(x.grad == 0, y == 0)


def test_nothing_happens_in_evaluation_or_without_a_probability():
    x = torch.randn(5, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_the_same_seed_drops_the_same():
    torch.manual_seed(3)
    first = Dropout(0.5)(torch.ones(100))
    torch.manual_seed(3)
    assert torch.equal(Dropout(0.5)(torch.ones(100)), first)
    assert not torch.equal(Dropout(0.5)(torch.ones(100)), first)


def test_an_empty_tensor():
    assert Dropout(0.5)(torch.ones(0, 4)).shape == (0, 4)
