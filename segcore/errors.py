"""The one kind of error that is meant for a person's eyes, and how its sentence names what others wrote."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 280
"""Characters of a sentence; with the program's name before it, a line of the command line stays under 300."""
_LONGEST_QUOTE = 120
_LONGEST_LIST = 140


class SegdeckError(Exception):
    """One plain sentence: what is wrong and what is accepted.

    Pages show it, the command line prints it on one line. It never carries a file name of a visitor's. Whatever it is
    made from, it is one line of at most `LONGEST` characters.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


def one_line(text: str) -> str:
    """Return a text as one line of at most `LONGEST` characters that a terminal can print, the middle left out."""
    line = _shorten(" ".join(text.split()), LONGEST)
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def quote(value: object) -> str:
    """Return what somebody else wrote, such as a name or a path, as a sentence repeats it: in quotes, and short."""
    return _shorten(repr(str(value)), _LONGEST_QUOTE)


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence lists them: as many as there is room for, and how many more there are."""
    names, shown = list(names), ""
    for place, name in enumerate(names):
        longer = f"{shown}, {name}" if shown else name
        if shown and len(longer) > _LONGEST_LIST:
            return f"{shown} and {len(names) - place} more"
        shown = longer
    return shown


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that somebody may have meant; None if none is like it or begins with it."""
    known = list(known)
    close = get_close_matches(name[:_LONGEST_QUOTE], known, n=1)
    return next(iter(close or (one for one in known if name and one.startswith(name))), None)


def suggest(name: str, known: Iterable[str]) -> str:
    """End a sentence about an unknown name: with the one that was meant or, if none is like it, the known ones."""
    known = list(known)
    near = nearest_name(name, known)
    return f"did you mean {near}?" if near else f"the known ones are {listed(known)}."


def _shorten(text: str, longest: int) -> str:
    """Leave out the middle of a long text: its end often says what is accepted, or is a file's name."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 1]}…{text[-end:]}"
