"""The assignment self-attention against torch's own attention: an oracle that the course has not written."""

import torch
from walk import ASSIGNMENTS, solutions

SELF_ATTENTION = next(a for a in ASSIGNMENTS if a.name == "02-self-attention")


def test_solutions_agree_with_torch():
    """The written-out attention against torch's own, at 1e-6 in float32."""
    space = solutions(SELF_ATTENTION).namespace
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


def test_running_example_gives_the_true_weights():
    """Claim C17: the corrected weights of the worked example, to the four digits published there."""
    space = solutions(SELF_ATTENTION).namespace
    matrix = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    q, k, _ = space["project_qkv"](torch.eye(3), matrix, matrix, matrix)
    weights = space["masked_softmax"](space["attention_scores"](q, k))
    expected = torch.tensor([[0.4011, 0.1978, 0.4011], [0.1978, 0.4011, 0.4011], [0.2483, 0.2483, 0.5035]])
    torch.testing.assert_close(weights, expected, rtol=0, atol=5e-5)
