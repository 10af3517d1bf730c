"""BLEU against hand-counted n-grams, with the signature that makes it comparable."""

import pytest

from transformer_lab.errors import LabError
from transformer_lab.translation.evaluation import bleu


def test_bleu_is_sacrebleus_with_its_signature():
    references = ["The cat is on the mat.", "There is a dog in the park."]
    perfect = bleu(references, references)
    assert perfect.bleu == pytest.approx(100)
    assert "case:mixed|eff:no|tok:13a|smooth:exp|version:" in perfect.signature
    # By hand: of 7, 6, 5 and 4 n-grams of "the cat is on a mat ." 6, 4, 2 and 1 are right; the lengths are equal.
    score = bleu(["the cat is on a mat."], ["the cat is on the mat."])
    expected = 100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25
    assert score.bleu == pytest.approx(expected, rel=1e-9)
    assert bleu(["THE CAT"] * 2, references, lowercase=True).signature.startswith("nrefs:1|case:lc")
    with pytest.raises(LabError, match="0 translations"):
        bleu([], [])


def test_chinese_is_scored_by_its_characters():
    """By hand: of 6, 5, 4 and 3 n-grams of 我们去学校吧 5, 4, 3 and 2 are right, and it is as long as the reference."""
    score = bleu(["我们去学校吧"], ["我们去学校。"], language="zh")
    assert score.bleu == pytest.approx(100 * (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25, rel=1e-9)
    assert "tok:zh" in score.signature
    for language in ("zh-CN", "zh_TW", "cmn"):
        assert bleu(["我们去学校吧"], ["我们去学校。"], language=language) == score
    assert bleu(["eins zwei"], ["eins zwei"], language="de").signature.split("|")[3] == "tok:13a"
    with pytest.raises(LabError, match=r"needs more to score .* into 'ja': run `pip install 'sacrebleu\[ja\]'"):
        bleu(["私"], ["私"], language="ja")
