"""What goes wrong because of what a person gave us: one clear sentence (what, where, what to do)."""


class LabError(Exception):
    """Bad input to the library: a file, a configuration, a checkpoint, a sentence.

    Its message is shown to people as it stands, without a traceback, and `course` exits with status 2.
    """
