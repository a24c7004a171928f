"""The one exception that is meant for the user's eyes."""


class MopeError(Exception):
    """Bad input: one line that names the file or key, what was found, and what would be right."""
