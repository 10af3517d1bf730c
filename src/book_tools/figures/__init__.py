"""Interactive figures: one ES module each, the same in a notebook (anywidget) and on the book's static pages."""

from book_tools.figures.attention_state import PRESETS, FigureError
from book_tools.figures.figure import Figure
from book_tools.figures.query_key_value import QueryKeyValue
from book_tools.figures.sqrt_dk import SqrtDk

__all__ = ["PRESETS", "Figure", "FigureError", "QueryKeyValue", "SqrtDk"]
