"""The base of the errors that the command line prints without a traceback."""


class Explained(Exception):
    """An error that the user at the terminal can act on: a sentence that names the fix."""
