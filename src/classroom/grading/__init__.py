"""The grading run: a whole class judged, written into the gradebook, and graded again."""

from classroom.quick_start import skip_grammar_of_addresses

skip_grammar_of_addresses()  # also in the processes that judge, which import this room first
