"""The one kind of error that is meant for a person's eyes."""


class SegdeckError(Exception):
    """One plain sentence: what is wrong and what is accepted.

    Pages show it, the command line prints it on one line. It never carries a file name of a visitor's.
    """
