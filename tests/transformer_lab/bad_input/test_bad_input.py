"""What a person can give wrongly, through `course` itself: status 2, one sentence, and nothing left on the disk."""

import os
import re
import subprocess
import sys
from pathlib import Path

import bad_averages
import bad_data
import bad_training
import bad_translating
import pytest
from given import HUGE, SMALL, translated

from course.cli import DONE, WRONG_USAGE, main
from transformer_lab.whole_files import only_writer

CASES = bad_training.CASES | bad_data.CASES | bad_translating.CASES | bad_averages.CASES


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert main([*SMALL, "--out", str(folder)]) == DONE
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, directories included."""
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_status_2_and_nothing_left(case, trained, tmp_path, capsys):
    arguments_of, sentence = CASES[case]
    run = tmp_path / "run"
    run.mkdir()
    for name in ("best.pt", "last.pt", "log.csv"):
        (run / name).write_bytes((trained / name).read_bytes())
    (tmp_path / "data").mkdir()
    arguments = arguments_of(tmp_path / "data", run)
    if arguments[0] == "train" and "--out" not in arguments:
        arguments += ["--out", str(tmp_path / "new" / "out")]
    before = files(tmp_path)
    capsys.readouterr()
    assert main(arguments) == WRONG_USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    said = [line for line in printed.err.splitlines() if line.startswith("course: ")]
    assert said == printed.err.splitlines()[-1:]
    assert re.fullmatch(rf"course: {sentence}", said[0])
    assert "Traceback" not in printed.err
    assert files(tmp_path) == before


def test_words_may_stand_after_options(trained, capsys):
    before, after = [*translated(trained), "--beam", "2"], [*translated(trained)[:2], "--beam", "2", "书"]
    assert main(before) == DONE
    printed = capsys.readouterr().out
    for words in (after, [*after[:-1], "--", after[-1]]):
        assert main(words) == DONE
        assert capsys.readouterr().out == printed
    with pytest.raises(SystemExit, match="2"):
        main([*after, "--beams"])
    assert "unrecognized arguments: 书 --beams" in capsys.readouterr().err


def test_standard_input_is_read_as_a_corpus_is(trained):
    """A byte-order mark is not text, and no carriage return ends a line by itself."""
    command = [sys.executable, "-m", "course.cli", "translate", str(trained / "best.pt")]
    given = ("\ufeff书\r\n学\r校\n".encode(), "书\n学 校\n".encode())
    first, second = (subprocess.run(command, input=one, capture_output=True, check=True).stdout for one in given)
    assert first == second
    assert first.count(b"\n") == 2


def test_a_second_training_in_one_directory_leaves_the_first_alone(trained, capsys):
    before = files(trained)
    with only_writer(trained / "last.pt"):
        assert main([*SMALL, "--set", "steps=18", "--out", str(trained)]) == WRONG_USAGE
    said = r"course: another program is writing .*last\.pt; wait for it, stop it with Ctrl-C, or choose another place\."
    assert re.fullmatch(said, capsys.readouterr().err.strip())
    assert files(trained) == before


def test_the_program_itself_exits_with_2(tmp_path):
    command = [sys.executable, "-m", "course.cli", *SMALL, "--set", f"d_ff={HUGE}", "--out", str(tmp_path / "new")]
    result = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("course: a model of these sizes on cpu: out of memory")
    assert not any(tmp_path.iterdir())


def test_a_disk_that_is_full_at_the_first_checkpoint(tmp_path):
    """The system lets no file grow beyond 60 KiB; a checkpoint is larger."""
    command = [sys.executable, "-m", "course.cli", *SMALL, "--out", str(tmp_path / "new")]
    limited = ["bash", "-c", 'ulimit -f 60; exec "$@"', "bash", *command]
    result = subprocess.run(limited, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert result.returncode == WRONG_USAGE
    assert "Traceback" not in result.stderr
    assert re.fullmatch(
        r"course: .*best\.pt cannot be written: File too large; .* \(no state was saved yet\.\)",
        result.stderr.splitlines()[-1],
    )
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_sentences_that_are_not_utf_8_are_named_by_their_place(trained, locale):
    """As bytes on the real standard input, and as an argument."""

    def run(*arguments: str | bytes, given: bytes = b"") -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "course.cli", "translate", str(trained / "best.pt"), *arguments]
        return subprocess.run(command, input=given, capture_output=True, env={**os.environ, "LC_ALL": locale})

    for ended in (run(given="书\n".encode() + b"a\xff\n"), run("a book", b"a\xff")):
        assert ended.returncode == WRONG_USAGE
        assert ended.stdout == b""
        assert ended.stderr.decode().splitlines()[-1] == (
            "course: sentence 2: the sentence is not valid UTF-8 (character 2); convert it to UTF-8."
        )
