"""The examiner inside nbgrader: `Autograde` with `Execute` replaced by verdicts that were reached elsewhere.

Everything else is nbgrader's own: official cells are overwritten, metadata is checked, scores, comments and late
penalties go into the gradebook, and the marked notebook into `autograded/`, where formgrader and feedback look.
"""

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets.config import Config

from classroom.outcome import NotebookReport

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

    def __init__(self, verdict: NotebookNode, **kwargs: object):
        super().__init__(**kwargs)
        self.verdict = verdict

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Replaces all outputs. The cells are the same ones: both come from the report."""
        for cell, judged in zip(nb.cells, self.verdict.cells, strict=True):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = judged.outputs, judged.execution_count
        return nb, resources


class ExaminedAutograde(Autograde):
    """Writes one student's reports into the gradebook and `autograded/`."""

    def __init__(self, coursedir: CourseDirectory, reports: Mapping[str, NotebookReport], config: Config):
        super().__init__(coursedir=coursedir, config=config, log=LOG)
        self.reports = reports
        self.force = True  # whoever made the reports has decided that they are to be written

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Converts the report's notebook: the submitted file may be unreadable, and must not be read twice."""
        report = self.reports[Path(notebook_filename).stem]
        resources = self.init_single_notebook_resources(notebook_filename)
        replaced = [WriteVerdict(report.notebook) if step is Execute else step for step in self.autograde_preprocessors]
        sanitized, resources = self._pass(self.sanitize_preprocessors, report.notebook, resources)
        output, resources = self._pass(replaced, nbformat.reads(sanitized, as_version=4), resources)
        self.write_single_notebook(output, resources)

    def _pass(self, steps: Sequence[object], notebook: NotebookNode, resources: dict) -> tuple[str, dict]:
        self.exporter._preprocessors = []
        for step in steps:
            self.exporter.register_preprocessor(step)
        return self.exporter.from_notebook_node(notebook, resources)
