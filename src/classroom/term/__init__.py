"""A term: totals over the assignments, everybody's progress, and the mistakes that come back."""
