"""What a visitor reads when something fails, and what the log keeps of it."""

import logging
import traceback
from collections.abc import Iterator

import cv2
import streamlit as st

from pages.shared.plain_text import plain
from pages.shared.visitor.rights import models_locked
from segcore.errors import SegdeckError
from segcore.networks.card import ModelCard, UnusableNetworkError

logger = logging.getLogger(__name__)

_SORRY = "Something went wrong on this page; it has been noted. Reload the page to go on."


def for_people(error: Exception) -> SegdeckError:
    """Return an error that was written for people: this one, or else one that says that this one is noted, which it is.

    It may be called on any thread.
    """
    if isinstance(error, SegdeckError):
        return error
    logger.error("a page failed", exc_info=error)
    return SegdeckError(_SORRY)


def in_words(error: Exception) -> str:
    """Return what the visitor for whom this script runs is told of an error."""
    error = for_people(error)
    return f"{error.problem} {_remedy(error.card)}" if isinstance(error, UnusableNetworkError) else str(error)


def _remedy(card: ModelCard) -> str:
    """Say what can be done here about a network that can't be used; the command line has its own words for it."""
    if models_locked():
        return "Whoever runs this Segdeck can put that right."
    if card.installed or card.by_hand:
        return f"Remove it on the Models page and {'add' if card.by_hand else 'install'} it again."
    return "Install it on the Models page."


def show(error: Exception) -> bool:
    """Tell the visitor in the page, in Streamlit's place: also for what no page expected.

    Returns
    -------
    bool
        True, so that Streamlit shows nothing of its own.
    """
    st.error(plain(in_words(error)), icon=":material/error:")
    return True


def keep_names_out_of_the_log() -> None:
    """Write every error of this process without its words, for they may hold the names of visitors' files and labels.

    A handler writes a record's ``exc_text`` where it has one, and makes it from the error where not.
    """
    make = logging.getLogRecordFactory()

    def without_words(*args: object, **values: object) -> logging.LogRecord:
        record = make(*args, **values)
        if record.exc_info and record.exc_info[1]:
            record.exc_text = "".join(_where(record.exc_info[1]))
        return record

    logging.setLogRecordFactory(without_words)


def _where(error: BaseException) -> Iterator[str]:
    """Tell where an error, and those behind it, came from: the places in the code, and the kinds of error."""
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        yield from _where(behind)
        yield "\nThen:\n"
    yield from traceback.format_tb(error.__traceback__)
    words = _safe_words(error)
    yield f"{type(error).__module__}.{type(error).__qualname__}{f': {words}' if words else ''}"


def _safe_words(error: BaseException) -> str:
    """Return an error's own words where no visitor can have a part in them."""
    if isinstance(error, SegdeckError | cv2.error | MemoryError):
        return str(error)
    return error.strerror or "" if isinstance(error, OSError) else ""
