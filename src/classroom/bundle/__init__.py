"""The course for a student without this repository: notebooks, cases, and a wheel with only what they need."""
