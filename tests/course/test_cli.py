"""The `course` program as a person meets it: help, examples, exit statuses."""

import argparse
import re
import subprocess
import sys

import pytest

from classroom.errors import ClassroomError
from course import cli
from transformer_lab.errors import LabError


def sub_commands() -> dict[str, argparse.ArgumentParser]:
    for action in cli.parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def course(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "course.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_commands_of_the_design_are_there():
    assert set(sub_commands()) >= {"train", "average", "evaluate", "translate", "check", "release", "init", "grade"}


@pytest.mark.parametrize("name", sorted(sub_commands()))
def test_each_command_describes_itself_with_an_example_that_parses(name):
    parser = sub_commands()[name]
    help_text = parser.format_help()
    lines = [line.strip().removeprefix("$ ") for line in help_text.splitlines()]
    examples = [line for line in lines if line.startswith(f"course {name}")]
    assert examples, f"`course {name} --help` shows no example"
    for example in examples:
        words = re.split(r"\s{2,}|#", example)[0].split()  # what stands after two spaces explains the example
        if not {"|", ">", "<"} & set(words):
            cli.parser().parse_args(words[1:])  # exits, and so fails, where an example has gone out of date


def test_help_lists_every_command_and_the_exit_statuses():
    result = course("--help")
    assert result.returncode == 0
    for name in sub_commands():
        assert f"    {name}" in result.stdout
    assert "0 done, 1 done and something needs attention" in result.stdout
    assert result.stderr == ""


def test_help_needs_neither_torch_nor_nbgrader():
    code = "import sys, course.cli; course.cli.parser(); print({'torch', 'nbgrader', 'IPython'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("arguments", [(), ("dance",), ("check",), ("train", "--no-such-option")])
def test_wrong_usage_is_2_with_the_usage_on_stderr(arguments):
    result = course(*arguments)
    assert result.returncode == cli.WRONG_USAGE
    assert result.stdout == ""
    assert "usage: course" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (LabError("data.tsv, line 7: no tab; write source<TAB>target"), 2, "course: data.tsv, line 7: no tab"),
        (ClassroomError("there is no assignment 'x'"), 2, "course: there is no assignment 'x'"),
        (KeyboardInterrupt(), 1, "stopped by Ctrl-C"),
    ],
)
def test_what_goes_wrong_for_a_person_is_one_sentence(monkeypatch, capsys, raised, status, said):
    def run(_: argparse.Namespace) -> int:
        raise raised

    root = argparse.ArgumentParser()
    root.set_defaults(run=run)
    monkeypatch.setattr(cli, "parser", lambda: root)
    assert cli.main([]) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert len(printed.err.strip().splitlines()) == 1


def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m course.cli --help | head -n 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0
    assert "BrokenPipe" not in result.stderr
