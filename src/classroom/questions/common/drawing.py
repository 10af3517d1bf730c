"""Small random inputs for cases. Kept tiny: the public ones are stored beside the notebook with every answer."""

from collections.abc import Sequence

import numpy as np


def normal(rng: np.random.Generator, *shape: int, dtype: type = np.float32) -> np.ndarray:
    """Independent entries with mean 0 and variance 1."""
    return rng.standard_normal(shape).astype(dtype)


def spread(rng: np.random.Generator, *shape: int, dtype: type = np.float32) -> np.ndarray:
    """Scores whose rows are permutations of evenly spaced numbers: no two in a row are nearly equal, on any seed."""
    rows = np.broadcast_to(np.linspace(-1.0, 2.0, shape[-1]), shape)
    return rng.permuted(rows, axis=-1).astype(dtype) + rng.uniform(-0.1, 0.1, shape).astype(dtype)


def shares(rng: np.random.Generator, *shape: int, dtype: type = np.float32) -> np.ndarray:
    """Rows of positive numbers that sum to 1: weights."""
    parts = rng.uniform(0.5, 2.0, shape)
    return (parts / parts.sum(axis=-1, keepdims=True)).astype(dtype)


def tokens(rng: np.random.Generator, *shape: int, size: int, start: int = 0) -> np.ndarray:
    """Token numbers from `start` to `size` - 1. With at least that many, each occurs: both sides of every boundary."""
    count, kinds = int(np.prod(shape)), size - start
    once = np.arange(start, size) if count >= kinds else np.empty(0, dtype=np.int64)
    drawn = np.concatenate([once, rng.integers(start, size, count - len(once))])
    return rng.permutation(drawn).reshape(shape).astype(np.int64)


def padded(numbers: np.ndarray, lengths: Sequence[int], pad_id: int = 0) -> np.ndarray:
    """A copy (batch, n) in which everything from each row's length on is `pad_id`."""
    after = np.arange(numbers.shape[-1]) >= np.asarray(lengths)[:, None]
    return np.where(after, pad_id, numbers)


def some_visible(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """A mask in which every query sees half of the keys, rounded up, and each another half."""
    keys = shape[-1]
    return rng.permuted(np.broadcast_to(np.arange(keys) < (keys + 1) // 2, shape), axis=-1)


def causal(n: int) -> np.ndarray:
    """True where the key is at or before the query."""
    return np.tri(n, dtype=bool)
