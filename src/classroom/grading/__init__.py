"""The grading run: a whole class judged, written into the gradebook, and graded again."""
