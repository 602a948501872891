"""The one kind of error the command line prints as it is."""


class Explained(Exception):
    """Something the person at the terminal can act on: a sentence with its fix, shown without a
    traceback.
    """
