"""What goes wrong because of what a person gave us: one clear sentence (what, where, what to do)."""


class ClassroomError(Exception):
    """Bad input to the classroom: a notebook, an assignment's name, a course directory.

    Its message is shown to people as it stands, without a traceback, and `course` exits with status 2.
    """
