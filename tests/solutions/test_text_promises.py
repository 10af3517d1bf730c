"""Every promise of every question's text names the case that tests it."""

import numpy as np
from walk import each_checked

from classroom.authoring.notebook import read_source
from classroom.questions.promises import gaps


@each_checked
def test_every_sentence_of_the_task_names_what_tests_it(assignment, question):
    cells = [cell for path in assignment.notebooks for cell in read_source(path).cells]
    assert gaps(question, cells, question.cases(np.random.default_rng(0))) == []
