"""Texts of visitors, shown as they were typed."""

import re

_WORD_JOINER = "\u2060"
_NO_TEXT = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_MARKDOWN = re.compile(r"[\\`*_\[\]$<>~|&]|:(?=\S)")
_AT_THE_START = re.compile(r"^(\d*)([#+.)-])")  # of a heading or a list
_AFTER_MARKDOWN = re.compile(
    r":(?=[\w+-]+:|material/|//)"  # :smile:, :material/face:, http://
    r"|www(?=\.)|[\w.+-](?=@)"  # www.example.org, me@example.org
    r"|(?<!\S)[<>~-](?=(->|>|-|=)(?!\S))",  # ->, <=
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Return a text that Streamlit shows as it was typed, in one line, though it reads Markdown and much besides.

    A backslash takes the meaning from what Markdown knows. Streamlit looks for icons, emoji, addresses and arrows in
    what is left when Markdown is read, so there a character of no width parts what it looks for.
    """
    text = _NO_TEXT.sub(" ", text).strip()
    text = _AFTER_MARKDOWN.sub(rf"\g<0>{_WORD_JOINER}", text)
    text = _MARKDOWN.sub(r"\\\g<0>", text)
    return _AT_THE_START.sub(r"\1\\\2", text)
