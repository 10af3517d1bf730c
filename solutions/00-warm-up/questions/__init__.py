"""The questions of the assignment *warm-up*, in the notebook's order: one module each, the written one at the end."""

from .bleu_score import BLEU_SCORE
from .clipped_counts import CLIPPED_COUNTS
from .cross_entropy import CROSS_ENTROPY
from .distances import DISTANCES
from .log_sum_exp import LOG_SUM_EXP
from .merging import MERGING
from .perplexity import PERPLEXITY
from .softmax import SOFTMAX
from .tied import TIED
from .two_reports import TWO_REPORTS

QUESTIONS = (
    DISTANCES,
    LOG_SUM_EXP,
    SOFTMAX,
    TIED,
    CROSS_ENTROPY,
    PERPLEXITY,
    MERGING,
    CLIPPED_COUNTS,
    BLEU_SCORE,
    TWO_REPORTS,
)
