"""The exceptions that are meant for the user's eyes."""


class MopeError(Exception):
    """Bad input: one line that names the file or key, what was found, and what would be right."""


class Stopped(Exception):  # noqa: N818 (it is no error)
    """A signal has ended the training early: one line that says what was saved; the same command goes on from there."""
