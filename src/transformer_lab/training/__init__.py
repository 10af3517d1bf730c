"""Training any model of this library: batches in, checkpoints and a log out."""
