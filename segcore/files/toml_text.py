"""TOML that somebody else wrote. Its bounds are looked at before the parser is: that takes far more than the text has.

One key of 20,000 parts in 40 kB took it 1.5 GB and 20 s. What a recipe may hold much of, an image as text and the
points of strokes, is counted apart from all else, which is small.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from segcore.errors import SegdeckError
from segcore.files.paths import read_source

LARGEST_MB = 16
"""The largest text, in megabytes (10^6 bytes): an embedded image of 8 MB, the points of all strokes, and the rest."""
_MOST_PAIRS = 100_000  # points of strokes
_LARGEST_REST_KB = 256
_DEEPEST = 16
_MOST_PARTS = 8  # of a dotted key

_PART = r"""(?: [\w-]++ | "(?:[^"\\\n]++|\\.)*+" | '[^'\n]*+' )"""
_NUMBER = r"[-+.\d_eE]{1,40}+"
_GAP = r"\s{0,40}+"
_TOKEN = re.compile(
    rf"""
    (?P<image> (?P<quote>\"""|'''|"|') data:image/[\w.+-]{{1,40}};base64,[A-Za-z0-9+/=]*+ (?P=quote) )
    | (?P<pair> \[ {_GAP} {_NUMBER} {_GAP} , {_GAP} {_NUMBER} {_GAP} ,?+ {_GAP} \] {_GAP} ,?+ {_GAP} )
    | (?P<parts> {_PART} (?: [ \t]*+ \. [ \t]*+ {_PART} ){{{_MOST_PARTS}}} )
    | \"""(?:[^"\\]++|\\.|"(?!""))*+(?:"{{3,5}}+|\Z)
    | '''(?:[^']++|'(?!''))*+(?:'{{3,5}}+|\Z)
    | "(?:[^"\\\n]++|\\.)*+"?+
    | '[^'\n]*+'?+
    | \#[^\n]*+
    | (?P<open> [\[{{] )
    | (?P<close> [\]}}] )
    | [^\[\]{{}}"'\#\w-]++
    | [\w-]++
    """,
    re.VERBOSE | re.DOTALL,
)
"""What the text is made of, as the parser takes it apart; strings that do not end reach as far as they can."""


def parse_toml(text: str, called: str) -> dict[str, Any]:
    """Read TOML.

    Parameters
    ----------
    text
        The TOML, of any length.
    called
        What it is called in a refusal: ``"This recipe"``.

    Raises
    ------
    SegdeckError
        If it is out of bounds or no TOML.
    """
    _check_bounds(text, called)
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also for a number of thousands of digits
        raise SegdeckError(f"{called} is not valid TOML: {error}.") from None


def read_toml(path: Path, called: str) -> dict[str, Any]:
    """Read a TOML file, of which no more is loaded than may be.

    Parameters
    ----------
    path
        The file.
    called
        What it is called in a refusal: ``"This recipe"``.

    Raises
    ------
    SegdeckError
        As `parse_toml`, or if it is no file that can be read, or not text.
    """
    content = read_source(path, LARGEST_MB, called)
    try:
        return parse_toml(content.decode("utf-8"), called)
    except UnicodeDecodeError:
        raise SegdeckError(f"{called} is not a text file; TOML in UTF-8 is accepted.") from None


def _check_bounds(text: str, called: str) -> None:
    if len(text) > LARGEST_MB * 1_000_000:
        raise SegdeckError(f"{called} has {len(text) / 1e6:.1f} MB; at most {LARGEST_MB} MB are accepted.")
    rest = pairs = depth = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "image":
            continue
        if kind == "pair":
            pairs += 1
        else:
            rest += len(token[0])
        depth += (kind == "open") - (kind == "close")
        if rest > _LARGEST_REST_KB * 1000:
            raise SegdeckError(
                f"{called} is too long; beside an embedded picture and points of strokes "
                f"at most {_LARGEST_REST_KB} kB are accepted."
            )
        if pairs > _MOST_PAIRS:
            raise SegdeckError(f"{called} has too many pairs of numbers; at most {_MOST_PAIRS:,} are accepted.")
        if depth > _DEEPEST:
            raise SegdeckError(f"{called} has too many brackets in each other; at most {_DEEPEST} are accepted.")
        if kind == "parts":
            raise SegdeckError(f"{called} has a key of too many parts; at most {_MOST_PARTS} are accepted.")
