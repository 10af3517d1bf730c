"""Masks: True = may attend."""

import torch

from transformer_lab.masks import causal_mask, padding_mask


def test_padding_mask_hides_exactly_the_padding():
    tokens = torch.tensor([[5, 6, 7, 0], [5, 0, 0, 0]])
    mask = padding_mask(tokens, pad_id=0)
    assert mask.shape == (2, 1, 1, 4)
    assert mask[:, 0, 0].tolist() == [[True, True, True, False], [True, False, False, False]]


def test_causal_mask_sees_the_past_and_itself():
    mask = causal_mask(5)
    for query in range(5):
        for key in range(5):
            assert mask[query, key].item() == (key <= query)


def test_masks_combine_by_and():
    both = causal_mask(3) & padding_mask(torch.tensor([[1, 1, 0]]), pad_id=0)
    assert both.shape == (1, 1, 3, 3)
    assert both[0, 0].tolist() == [[True, False, False], [True, True, False], [True, True, False]]
