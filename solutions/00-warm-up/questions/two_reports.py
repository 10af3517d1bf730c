"""Question 10, read by a person: when two numbers may be compared."""

from classroom.questions.guide import Guide, Section
from classroom.questions.written import Row, WrittenQuestion

TWO_REPORTS = WrittenQuestion(
    id="two-reports",
    title="Two reports",
    rubric=(
        Row(
            1,
            "Perplexity: says per what it is an average, and what follows for one text that is cut in two ways (½); "
            "names a quantity that both groups could report and that can be compared (½).",
        ),
        Row(
            1,
            "BLEU: says why a score of characters and one of words are two scales, and which of them tends to be "
            "higher (½); names at least two settings that have to be the same before scores are compared (½).",
        ),
        Row(
            1,
            "Padding: says in which direction it moves the perplexity (½), and gives the reason from what such a place "
            "adds to the sum and to the number of places (½).",
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
