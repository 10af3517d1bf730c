"""The questions of the assignment *self-attention*, one module each, in the notebook's order."""

from .attention import ATTENTION
from .decoder_mask import DECODER_MASK
from .layer import LAYER
from .masking import MASKED_SOFTMAX
from .projections import PROJECTIONS
from .scores import SCORES
from .softmax import SOFTMAX
from .steering import STEERING

QUESTIONS = (PROJECTIONS, SCORES, SOFTMAX, MASKED_SOFTMAX, ATTENTION, DECODER_MASK, LAYER, STEERING)
