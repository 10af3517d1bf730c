"""Checking, releasing and grading notebooks; knows nothing of Transformers."""
