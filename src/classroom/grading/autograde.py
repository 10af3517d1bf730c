"""The examiner inside nbgrader: `Autograde` with `Execute` replaced by verdicts that were reached elsewhere.

Everything else is nbgrader's own: official cells are overwritten, metadata is checked, scores, comments and late
penalties go into the gradebook, and the marked notebook into `autograded/`, where formgrader and feedback look. Its
steps are the same objects for a whole run, and pass one notebook on: parsing, copying and validating it after each
step took ten times as long as the steps.
"""

import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import nbformat
import nbgrader.nbgraderformat.common
from nbconvert.writers import FilesWriter
from nbformat.notebooknode import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from nbgrader.utils import rmtree

from classroom.grading.open_gradebook import OpenGradebook, given_to_nbgrader
from classroom.grading.outcome import NotebookReport
from classroom.students.allowances import read_allowances, take_over

LOG = logging.getLogger("classroom.nbgrader")
LOG.addHandler(logging.NullHandler())
LOG.propagate = False  # what nbgrader has to say becomes outcomes and flags

# nbgrader runs `alembic` by name; it lies beside the interpreter, which need not be on the PATH.
if shutil.which("alembic") is None:
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"


@contextmanager
def said_by_nbgrader() -> Iterator[list[str]]:
    """Collects what nbgrader logs as an error inside: its exceptions only point there."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    # Of a traceback the last line says what happened.
    handler.emit = lambda record: said.append(record.getMessage().strip().splitlines()[-1])
    LOG.addHandler(handler)
    try:
        yield said
    finally:
        LOG.removeHandler(handler)


class WriteVerdict(NbGraderPreprocessor):
    """Stands where `Execute` stood: gives the cells the outputs that the student's process and the examiner gave."""

    verdict: NotebookNode

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Replaces all outputs. The cells are the same ones: both come from the report."""
        for cell, judged in zip(nb.cells, self.verdict.cells, strict=True):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = judged.outputs, judged.execution_count
        return nb, resources


Step = Callable[[NotebookNode, dict], tuple[NotebookNode, dict]]


class ExaminedAutograde(Autograde):
    """Writes students' reports into an open gradebook and `autograded/`, one student at a time."""

    def __init__(self, gradebook: OpenGradebook, **kwargs: Any):
        super().__init__(log=LOG, **kwargs)
        self.force = True  # whoever made the reports has decided that they are to be written
        self.gradebook = gradebook
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self._allowances = read_allowances(Path(self.coursedir.root))
        self._sanitizing_steps = self._made(self.sanitize_preprocessors)
        replaced = [WriteVerdict if step is Execute else step for step in self.autograde_preprocessors]
        self._steps = self._made(replaced)

    def write(self, assignment: str, student: str, reports: Mapping[str, NotebookReport]) -> None:
        """Writes one student's notebooks: files, then the gradebook, which has all of it or nothing.

        Raises:
            Exception: whatever nbgrader, the disk or the database raise; then nothing was kept.
        """
        self.reports = reports
        self.coursedir.assignment_id, self.coursedir.student_id = assignment, student
        directory = Path(self.coursedir.root, self._format_source(assignment, student))
        self.notebooks = [str(directory / f"{name}.ipynb") for name in sorted(reports)]
        with given_to_nbgrader(self.gradebook, LOG), _checked_once():
            try:
                self.init_destination(assignment, student)
                self.run_pre_convert_hook()
                self.init_assignment(assignment, student)
                self._take_over(assignment, student)
                for notebook in self.notebooks:
                    self.convert_single_notebook(notebook)
                self.set_permissions(assignment, student)
                self.gradebook.keep()
                self.run_post_convert_hook()
            except BaseException:
                with suppress(OSError):
                    rmtree(self._format_dest(assignment, student))
                raise

    def _take_over(self, assignment: str, student: str) -> None:
        """What was allowed the student, and no time that an earlier version had: nbgrader would leave it there."""
        submission = self.gradebook.find_submission(assignment, student)
        submission.timestamp = self.coursedir.get_existing_timestamp(self._format_source(assignment, student))
        take_over(submission, self._allowances.get((assignment, student)))

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Converts the report's notebook: the submitted file may be unreadable, and must not be read twice."""
        report = self.reports[Path(notebook_filename).stem]
        resources = self.exporter._init_resources(self.init_single_notebook_resources(notebook_filename))
        notebook = nbformat.from_dict(report.notebook)  # a copy: steps change what they are given
        for step in self._sanitizing_steps:
            notebook, resources = self._apply(step, notebook, resources)
        for step in self._steps:
            if isinstance(step, WriteVerdict):
                step.verdict = report.notebook
            notebook, resources = self._apply(step, notebook, resources)
        nbformat.validate(notebook, relax_add_props=True)
        self.write_single_notebook(nbformat.v4.writes(notebook) + "\n", resources)

    def _apply(self, step: Step, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        if not type(step).__module__.startswith(("nbgrader.", "nbconvert.", "classroom.")):
            self.gradebook.keep()  # a course's own step may open the gradebook by itself
        return step(notebook, resources)

    def _made(self, steps: Sequence[object]) -> list[Step]:
        self.exporter._preprocessors = []
        for step in steps:
            self.exporter.register_preprocessor(step)
        return self.exporter._preprocessors


@contextmanager
def _checked_once() -> Iterator[None]:
    """Inside, nbgrader validates equal metadata once: it is the same in every submission, 20 ms each time."""
    common = nbgrader.nbgraderformat.common
    common.jsonschema = SimpleNamespace(validate=lambda of, schema: _validate(json.dumps(of), json.dumps(schema)))
    try:
        yield
    finally:
        common.jsonschema = jsonschema


@lru_cache(maxsize=4096)
def _validate(content: str, schema: str) -> None:
    jsonschema.validate(json.loads(content), json.loads(schema))
