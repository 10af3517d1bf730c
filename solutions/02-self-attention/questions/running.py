"""The running example of the notebook: three one-hot tokens, and one matrix for queries, keys and values."""

RUNNING_W = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
