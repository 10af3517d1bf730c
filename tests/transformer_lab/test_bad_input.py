"""What a person can give wrongly, through `course` itself: status 2, one sentence, and nothing left on the disk."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from course.cli import DONE, WRONG_USAGE, main
from transformer_lab.whole_files import only_writer

TINY = ["train", "--config", "tiny", "--device", "cpu"]
SETTINGS = ["pairs=300", "steps=12", "validate_every=6", "batch_tokens=400", "d_model=16", "d_ff=16", "max_length=40"]
SMALL = [*TINY, *(part for one in SETTINGS for part in ("--set", one))]
HUGE = str(10**13)  # more than any machine can address


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert main([*SMALL, "--out", str(folder)]) == DONE
    return folder


def change(path: Path, edit: Callable[[dict], None]) -> None:
    """Stores a checkpoint with something in it changed."""
    content = torch.load(path, weights_only=True)
    edit(content)
    torch.save(content, path)


def fewer_rows(content: dict) -> None:
    weights = content["weights"]
    weights["embedding.weight"] = weights["embedding.weight"][:-10]


def smaller_vocabulary(content: dict) -> None:
    from transformer_lab.data.tokenizer import Tokenizer

    content["tokenizer"] = Tokenizer.train(["two words", "two words"], 300).to_json()


def aligned(folder: Path, **lines: bytes) -> list[str]:
    """Line-aligned files and the training on them."""
    for language, text in lines.items():
        (folder / f"train.{language}").write_bytes(text)
    return [*SMALL, "--data", str(folder)]


def german(content: dict) -> None:
    content["languages"] = ["de", "en"]


def wider(content: dict) -> None:
    content["recipe"]["model"]["d_ff"] = 32


def averaged(run: Path, *names: str) -> list[str]:
    return ["average", *(str(run / name) for name in names), "--device", "cpu"]


def long_validation(folder: Path) -> str:
    """The data of the run, with validation pairs that are all longer than the model's positions."""
    from transformer_lab.data.phrases import phrase_corpus

    for name, pairs in (("train", phrase_corpus(300).train), ("val", [("书 " * 60, "book " * 60)])):
        lines = "".join(f"{english}\t{chinese}\n" for chinese, english in pairs)
        (folder / f"{name}.tsv").write_text(lines, encoding="utf-8")
    return str(folder)


def other_pairs(folder: Path) -> str:
    (folder / "pairs.tsv").write_text("a book\t一本书\na house\t一座房子\n", encoding="utf-8")
    return str(folder / "pairs.tsv")


def without_fingerprint_of_validation(content: dict) -> None:
    """As earlier versions of the course wrote it."""
    del content["data"]["validation_fingerprint"]


def another_seed(content: dict) -> None:
    content["recipe"]["training"]["seed"] = 7


def translated(run: Path) -> list[str]:
    return ["translate", str(run / "best.pt"), "书"]


def chosen_without_drawing(folder: Path, run: Path) -> list[str]:
    return [*translated(run), "--top-k", "3"]


CASES: dict[str, tuple[Callable[[Path, Path], list[str]], str]] = {
    "no such device": (
        lambda folder, run: [*TINY, "--device", "gpu"],
        r"--device gpu: there is no such device; choose auto, cpu, cuda or cuda:N\.",
    ),
    "how to draw, but not that one should": (
        chosen_without_drawing,
        r"--top-k, --top-p and --seed say how to draw; give --temperature with them, such as 1\.",
    ),
    "a length penalty that is no number": (
        lambda folder, run: [*translated(run), "--beam", "2", "--length-penalty", "nan"],
        r"length_penalty=nan must be from 0, which compares plain probabilities, to 10; the paper's is 0\.6\.",
    ),
    "a length penalty that no number stays finite with": (
        lambda folder, run: [*translated(run), "--beam", "2", "--length-penalty", "1000"],
        r"length_penalty=1000\.0 must be from 0, .*",
    ),
    "a length penalty that is not finite, in JSON": (
        lambda folder, run: ["evaluate", str(run / "best.pt"), "--json", "--length-penalty", "inf"],
        r"length_penalty=inf must be from 0, .*",
    ),
    "a vocabulary of more tokens than can be counted": (
        lambda folder, run: [*TINY, "--set", f"vocab_size={10**20}"],
        rf"vocab_size={10**20} is out of range; choose at most 10000000\.",
    ),
    "a seed for training that is too large": (
        lambda folder, run: [*TINY, "--set", f"seed={10**20}"],
        rf"seed={10**20} is out of range; choose at most {2**63 - 1}\.",
    ),
    "a seed for drawing that is too large": (
        lambda folder, run: [*translated(run), "--temperature", "1", "--seed", str(2**70)],
        rf"seed={2**70} does not fit in 64 bits; choose one from .*",
    ),
    "from English to English": (
        lambda folder, run: [*aligned(folder, de=b"eins\nzwei\n", en=b"one\ntwo\n"), "--source", "en"],
        r".*: source and target are both 'en'; choose another --source or --target .*",
    ),
    "a checkpoint for other languages than the built-in corpus has": (
        lambda folder, run: change(run / "best.pt", german) or ["evaluate", str(run / "best.pt")],
        r"the built-in corpus is Chinese to English, not de→en; give --data for those\.",
    ),
    "a log instead of a checkpoint": (
        lambda folder, run: ["translate", str(run / "log.csv"), "书"],
        r".*log\.csv is truncated or not a checkpoint; .*",
    ),
    "translations into a directory": (
        lambda folder, run: ["evaluate", str(run / "best.pt"), "--translations", str(folder)],
        r".*data is a directory; name a file to be written\.",
    ),
    "an image where a directory is": (
        lambda folder, run: (
            (folder / "map.png").mkdir() or [*translated(run), "--attention", str(folder / "map.png")]
        ),
        r".*map\.png is a directory; name a file to be written\.",
    ),
    "an image in a place that cannot be written": (
        lambda folder, run: [*translated(run), "--attention", str(run / "best.pt" / "map.png")],
        r".*map\.png cannot be written: .*best\.pt is a file, not a directory; choose another place\.",
    ),
    "an image of no known kind": (
        lambda folder, run: [*translated(run), "--attention", str(folder / "map.doc")],
        r".*map\.doc: cannot draw a \.doc; choose from .*png.*",
    ),
    "a run where a file is": (
        lambda folder, run: [*SMALL, "--out", str(run / "log.csv")],
        r".*last\.pt cannot be written: .*log\.csv is a file, not a directory; choose another place\.",
    ),
    "a run where nobody may write": (
        lambda folder, run: [*SMALL, "--out", "/proc/new"],
        r"/proc/new/last\.pt cannot be written: No such file or directory; .*",
    ),
    "a run whose best model would be a directory": (
        lambda folder, run: (folder / "best.pt").mkdir() or [*SMALL, "--out", str(folder)],
        r".*best\.pt is a directory; name a file to be written\.",
    ),
    "going on from a model to translate with": (
        lambda folder, run: (
            (run / "last.pt").write_bytes((run / "best.pt").read_bytes()) and [*SMALL, "--out", str(run)]
        ),
        r".*last\.pt is a model to translate with, as best\.pt is, .*; give another --out, or remove .*",
    ),
    "going on with a damaged log": (
        lambda folder, run: (run / "log.csv").write_text("1,2\n") and [*SMALL, "--set", "steps=18", "--out", str(run)],
        r".*log\.csv, line 1: not as a run writes it \(step, .*\); restore the file, or remove it .*",
    ),
    "a setting that is no number": (
        lambda folder, run: [*TINY, "--set", "clip=nan"],
        r"clip=nan must not be negative\.",
    ),
    "no such CUDA device": (
        lambda folder, run: [*TINY, "--device", "cuda:99"],
        r"--device cuda:99: (torch finds no CUDA device here|the CUDA devices here are cuda:0 to cuda:\d).*\.",
    ),
    "no such device to translate on": (
        lambda folder, run: ["translate", str(run / "best.pt"), "一本书", "--device", "tpu"],
        r"--device tpu: there is no such device.*",
    ),
    "no such device to evaluate on": (
        lambda folder, run: ["evaluate", str(run / "best.pt"), "--device", "cuda:x"],
        r"--device cuda:x: there is no such device.*",
    ),
    "a model larger than memory": (
        lambda folder, run: [*SMALL, "--set", f"d_ff={HUGE}"],
        r"a model of these sizes on cpu: out of memory \([\d,.]+ GiB more were wanted\); lower d_model, d_ff, .*\.",
    ),
    "a beam larger than memory": (
        lambda folder, run: ["translate", str(run / "best.pt"), "一本书", "--beam", HUGE, "--device", "cpu"],
        rf"translating on cpu: out of memory \(.*\); lower --batch-tokens=4000 or --beam={HUGE}\.",
    ),
    "an evaluation larger than memory": (
        lambda folder, run: ["evaluate", str(run / "best.pt"), "--beam", HUGE, "--device", "cpu"],
        rf"translating on cpu: out of memory \(.*\); lower --batch-tokens=4000 or --beam={HUGE}\.",
    ),
    "a vocabulary for another model": (
        lambda folder, run: (
            change(run / "best.pt", smaller_vocabulary) or ["translate", str(run / "best.pt"), "一本书"]
        ),
        r"the checkpoint's vocabulary has 2\d\d tokens, its model is made for \d+; use the checkpoint as .*",
    ),
    "a model for another vocabulary": (
        lambda folder, run: change(run / "best.pt", fewer_rows) or ["evaluate", str(run / "best.pt")],
        r"the checkpoint's weights do not fit its transformer of \d+ tokens: embedding.weight is \d+ × 16, not \d+ .*",
    ),
    "a vocabulary for another run": (
        lambda folder, run: (
            change(run / "last.pt", smaller_vocabulary) or [*SMALL, "--set", "steps=18", "--out", str(run)]
        ),
        r".*last\.pt has a vocabulary of 2\d\d tokens that are not the \d+ learned from phrases; give another --out.*",
    ),
    "an average of one": (
        lambda folder, run: [*averaged(run, "best.pt"), "--out", str(folder / "new.pt")],
        r"one checkpoint is its own average; give at least two\.",
    ),
    "an average in the place of what it is made of": (
        lambda folder, run: [*averaged(run, "best.pt", "last.pt"), "--out", str(run / "best.pt")],
        r".*best\.pt is one of the checkpoints to average; give another --out\.",
    ),
    "an average of models with other vocabularies": (
        lambda folder, run: (
            change(run / "last.pt", smaller_vocabulary)
            or [*averaged(run, "last.pt", "best.pt"), "--out", str(folder / "new.pt")]
        ),
        r".*last\.pt and .*best\.pt differ in their vocabulary; average checkpoints of one training\.",
    ),
    "an average of models with other sizes": (
        lambda folder, run: (
            change(run / "last.pt", wider) or [*averaged(run, "last.pt", "best.pt"), "--out", str(folder / "new.pt")]
        ),
        r".*last\.pt and .*best\.pt differ in their sizes; average checkpoints of one training\.",
    ),
    "an average of trainings from other first weights": (
        lambda folder, run: (
            change(run / "last.pt", another_seed)
            or [*averaged(run, "last.pt", "best.pt"), "--out", str(folder / "new.pt")]
        ),
        r".*last\.pt and .*best\.pt differ in their seed; average checkpoints of one training\.",
    ),
    "an average of what does not fit": (
        lambda folder, run: (
            change(run / "last.pt", fewer_rows)
            or [*averaged(run, "last.pt", "best.pt"), "--out", str(folder / "new.pt")]
        ),
        r".*last\.pt: the checkpoint's weights do not fit its transformer of \d+ tokens: embedding.weight is .*",
    ),
    "an average with itself": (
        lambda folder, run: [*averaged(run, "best.pt", "best.pt"), "--out", str(folder / "new.pt")],
        r".*best\.pt is given twice; give different checkpoints\.",
    ),
    "an average on other data": (
        lambda folder, run: [
            *averaged(run, "best.pt", "last.pt"), "--out", str(folder / "new.pt"), "--data", other_pairs(folder),
        ],
        r".*last\.pt was trained on other data than pairs\.tsv; give with --data what it was\.",
    ),
    "an average on other validation pairs": (
        lambda folder, run: [
            *averaged(run, "best.pt", "last.pt"), "--out", str(folder / "new.pt"), "--data", long_validation(folder),
        ],
        r".*last\.pt was validated on other data than data; give with --data what it was\.",
    ),
    "an average that nothing can validate": (
        lambda folder, run: change(run / "last.pt", without_fingerprint_of_validation) or [
            *averaged(run, "best.pt", "last.pt"), "--out", str(folder / "new.pt"), "--data", long_validation(folder),
        ],
        r"no validation pair of data fits in the model's max_length=40; give others\.",
    ),
    "a checkpoint that was forgotten before a long sentence": (
        lambda folder, run: ["translate", "学" * 200],
        r"学+ cannot be read: File name too long\.",
    ),
    "data with a name that no file has": (
        lambda folder, run: [*SMALL, "--data", "学" * 200],
        r"学+ cannot be read: File name too long; check the path and its permissions\.",
    ),
    "data that are no file": (
        lambda folder, run: [*SMALL, "--data", "/dev/null"],
        r"/dev/null is neither a file nor a directory; give a directory, or a file of pairs\.",
    ),
    "a file and its copy": (
        lambda folder, run: (folder / "train.de.gz").write_bytes(b"") or aligned(folder, de=b"a\nb\n", en=b"a\nb\n"),
        r".*: both train\.de and train\.de\.gz look like the train split in de; move one of them elsewhere\.",
    ),
    "two languages to translate from": (
        lambda folder, run: aligned(folder, de=b"a\nb\n", fr=b"a\nb\n", en=b"a\nb\n"),
        r".*: which language to translate from\? Found de, fr; choose with --source\.",
    ),
    "validation sentences that are all too long": (
        lambda folder, run: [*SMALL, "--data", long_validation(folder)],
        r"no validation pair of data fits in max_length=40; raise max_length\.",
    ),
    "a trained run whose best model is gone": (
        lambda folder, run: (run / "best.pt").unlink() or [*SMALL, "--out", str(run)],
        r".*best\.pt is missing and no step is left to make another; go on with --set steps=N\.",
    ),
    "files of different lengths": (
        lambda folder, run: aligned(folder, de=b"eins\nzwei\ndrei\n", en=b"one\ntwo\n"),
        r".*train\.de has 3 lines but .*train\.en has 2; .*",
    ),
    "invalid UTF-8": (
        lambda folder, run: aligned(folder, de=b"eins\nzw\xff\n", en=b"one\ntwo\n"),
        r".*train\.de, line 2: not valid UTF-8 \(byte 3 of the line\); .*",
    ),
    "an empty corpus": (
        lambda folder, run: aligned(folder, de=b"", en=b""),
        r".*train\.de and .*train\.en are empty; .*",
    ),
    "an empty file of pairs": (
        lambda folder, run: (folder / "pairs.tsv").touch() or [*SMALL, "--data", str(folder / "pairs.tsv")],
        r".*pairs\.tsv is empty; .*",
    ),
    "an empty directory": (
        lambda folder, run: [*SMALL, "--data", str(folder)],
        r".* has no train file; .*",
    ),
    "sentences that are all too long": (
        lambda folder, run: [*aligned(folder, de=b"a b c\nd e f\n", en=b"a b c\nd e f\n"), "--set", "max_length=2"],
        r"no training pair of .* fits in max_length=2; raise max_length\.",
    ),
    "a sentence longer than a batch": (
        lambda folder, run: [*SMALL, "--set", "batch_tokens=20"],
        r"a sentence of \d+ tokens does not fit in a batch of batch_tokens=20; .*",
    ),
}  # fmt: skip


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
