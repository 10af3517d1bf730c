"""What goes wrong because of what an author wrote in a chapter or in the book's data."""


class BookError(Exception):
    """A mistake in the book's sources: one sentence that says what, where and what to do.

    Raised inside an executed cell or while Sphinx reads a page, it fails the build.
    """
