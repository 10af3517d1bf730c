"""Interactive figures: one ES module each, the same in a notebook (anywidget) and on the book's static pages."""

from book_tools.figures.alignment import Alignment
from book_tools.figures.attention_state import PRESETS, FigureError
from book_tools.figures.bleu_score import BleuScore
from book_tools.figures.byte_pairs import BytePairs
from book_tools.figures.figure import Figure
from book_tools.figures.path_length import PathLength
from book_tools.figures.query_key_value import QueryKeyValue
from book_tools.figures.receptive_field import ReceptiveField
from book_tools.figures.sqrt_dk import SqrtDk

__all__ = [
    "PRESETS",
    "Alignment",
    "BleuScore",
    "BytePairs",
    "Figure",
    "FigureError",
    "PathLength",
    "QueryKeyValue",
    "ReceptiveField",
    "SqrtDk",
]
