"""The questions of the assignment *recurrence and convolution*, one module each, in the notebook's order."""

from .additive import ADDITIVE
from .backwards import BACKWARDS
from .convolution import CONVOLUTION
from .field import FIELD
from .gradients import GRADIENTS
from .gru import GRU
from .leak import LEAK
from .paths import PATHS
from .rnn import RNN
from .sentence import SENTENCE

QUESTIONS = (RNN, BACKWARDS, SENTENCE, GRADIENTS, GRU, CONVOLUTION, LEAK, FIELD, PATHS, ADDITIVE)
