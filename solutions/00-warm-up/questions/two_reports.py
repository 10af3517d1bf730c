"""Question 10, read by a person: when two numbers may be compared."""

from classroom.questions.guide import Guide, Section
from classroom.questions.written import Row, WrittenQuestion

TWO_REPORTS = WrittenQuestion(
    id="two-reports",
    title="Two reports",
    rubric=(
        Row(
            1,
            "Perplexity is *per piece*. Characters are more pieces for the same text, each with fewer choices, so "
            "theirs is lower for an equally likely text. A comparison that is fair is named: the probability of the "
            "whole text, or its logarithm per word, per character or per sentence.",
        ),
        Row(
            1,
            "BLEU of characters and BLEU of words are two scales: runs of characters match by chance, or within "
            "similar words, far more often. What is asked for before comparing: the same references, cut and cased "
            "in the same way, pooled over the corpus (the signature).",
        ),
        Row(
            1,
            "Padding: what a model thinks of it is easily near certain, so places with −log P near 0 pull the mean "
            "down; the perplexity falls with more padding, though the model is the same. It depends on how the "
            "batches were made.",
        ),
    ),
    guide=Guide(
        difficulty=2,
        minutes=12,
        section=Section("sequences-to-sequences", "How good is a translation?"),
        hints=(
            "Per what is a perplexity? Write down −log P of one sentence, cut in two ways, as a sum.",
            "What does your `perplexity` do when every place of the padding has log P = 0, and all of them count?",
        ),
    ),
)
