"""The lower-cased copy of a corpus."""

import gzip

from bench.lowercase import main


def test_the_splits_are_copied_in_lower_case_and_others_are_not(tmp_path, capsys):
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    (source / "train.de").write_text("Ein Ärger\nÜBEL\n", encoding="utf-8")
    (source / "val.en.gz").write_bytes(gzip.compress(b"A Dog\n"))
    (source / "README.md").write_text("Not This")
    assert main([str(source), str(target)]) == 0
    assert {file.name: file.read_text(encoding="utf-8") for file in target.iterdir()} == {
        "train.de": "ein ärger\nübel\n",
        "val.en": "a dog\n",
    }
    assert "2 files" in capsys.readouterr().out


def test_wrong_usage_and_wrong_files_get_a_sentence(tmp_path, capsys):
    assert main([]) == 2
    assert main([str(tmp_path), str(tmp_path / "to")]) == 2
    assert "has none of train.*" in capsys.readouterr().err
    (tmp_path / "train.de").write_text("ok\nok\n")
    (tmp_path / "train.en").write_bytes(b"ok\n\xff\n")
    assert main([str(tmp_path), str(tmp_path / "to")]) == 2
    assert "train.en, line 2: not valid UTF-8" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()
    (tmp_path / "train.en").write_text("ok\nok\n")
    assert main([str(tmp_path), str(tmp_path / "train.de")]) == 2
    assert "train.de is a file, not a directory" in capsys.readouterr().err
    before = (tmp_path / "train.de").read_text()
    assert main([str(tmp_path), str(tmp_path / ".")]) == 2
    assert "would be replaced by its copy in lower case" in capsys.readouterr().err
    assert (tmp_path / "train.de").read_text() == before
