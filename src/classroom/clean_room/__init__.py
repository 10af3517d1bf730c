"""Judging an answer where a student's other code cannot reach: what it needs, whether that is listed, what it gives."""
