"""Question 10, answered in words: a model that is too good."""

from classroom.questions.guide import Guide, Section
from classroom.questions.written import Row, WrittenQuestion

LEAK = WrittenQuestion(
    id="too-good",
    title="A model that is too good",
    rubric=(
        Row(0.5, "says that the model sees what it should predict, and that this is why it fails when it writes"),
        Row(
            0.5,
            "names a way in that fits a convolution: zeros on both sides, the wrong end cut off, a gap or a shift "
            "forgotten (or normalisation over the positions)",
        ),
        Row(
            0.5,
            "describes a test without training: change a later word, or take the gradient to it, and look at the "
            "outputs before it",
        ),
        Row(
            0.5,
            "compares with a tolerance, or on the same shapes, and checks that an output that *should* move does: "
            "rounding is no influence, and a test that cannot fail shows nothing",
        ),
    ),
    guide=Guide(
        difficulty=2,
        minutes=10,
        section=Section("convolution", "A window with shared weights"),
        hints=(
            "In training the model gets all words at once. When it writes, the later ones are not there yet.",
            "Where in a stack of causal convolutions could a later word come in? Think of the padding.",
            "A test needs no training: it asks the network which inputs move an output. How equal is equal, for "
            "floating-point numbers?",
        ),
    ),
)
