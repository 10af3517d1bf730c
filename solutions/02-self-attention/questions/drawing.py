"""Small random inputs for the cases. Kept tiny: the public ones are stored beside the notebook with every answer."""

import numpy as np


def normal(rng: np.random.Generator, *shape: int, dtype: type = np.float32) -> np.ndarray:
    """Independent entries with mean 0 and variance 1."""
    return rng.standard_normal(shape).astype(dtype)


def spread(rng: np.random.Generator, *shape: int, dtype: type = np.float32) -> np.ndarray:
    """Scores whose rows are permutations of evenly spaced numbers: no two keys are nearly equal, on any seed."""
    rows = np.broadcast_to(np.linspace(-1.0, 2.0, shape[-1]), shape)
    return rng.permuted(rows, axis=-1).astype(dtype) + rng.uniform(-0.1, 0.1, shape).astype(dtype)


def some_visible(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """A mask in which every query sees half of the keys, rounded up, and each another half."""
    keys = shape[-1]
    return rng.permuted(np.broadcast_to(np.arange(keys) < (keys + 1) // 2, shape), axis=-1)


def causal(n: int) -> np.ndarray:
    """True where the key is at or before the query."""
    return np.tri(n, dtype=bool)
