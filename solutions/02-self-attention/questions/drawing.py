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
    """A mask in which every row has at least one visible and, where it has two keys or more, one hidden key."""
    mask = rng.random(shape) < 0.5
    keys = shape[-1]
    visible = rng.integers(keys, size=shape[:-1])
    np.put_along_axis(mask, visible[..., None], True, axis=-1)
    if keys > 1:
        hidden = (visible + rng.integers(1, keys, size=shape[:-1])) % keys
        np.put_along_axis(mask, hidden[..., None], False, axis=-1)
    return mask


def causal(n: int) -> np.ndarray:
    """True where the key is at or before the query."""
    return np.tri(n, dtype=bool)
