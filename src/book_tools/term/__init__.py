"""A made-up term: a class of invented people, and the pictures of the real programs at work on it."""
