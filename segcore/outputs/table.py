"""What the outputs that are tables have in common: CSV, its cells harmless to a spreadsheet."""

import csv
import re
from abc import abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import IO

from segcore.outputs.base import Output
from segcore.outputs.stream_format import StreamFormat
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result

_FORMULA = re.compile(r"""(^|[,;|"'])(\s*)(?=[=+@\uff1d\uff0b\uff20\uff0d-])""")
"""Where a spreadsheet begins a formula: at a cell's start, or what it takes for one. Some take wide signs as well."""


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, for its words may be anybody's. A number stays one.

    An apostrophe before a formula makes it text (OWASP, "CSV Injection"). Tabs and line breaks become blanks.
    """
    try:
        float(cell)
    except ValueError:
        return _FORMULA.sub(r"\1\2'", re.sub(r"[\t\r\n\v\f\x00]+", " ", cell))
    return cell


class Table(Output):
    """A CSV whose first column is a frame's time in seconds."""

    ending = ".csv"

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self._file: IO[str] | None = None

    def open(self, stream: StreamFormat | None = None) -> None:  # noqa: ARG002
        """Begin the file. A table needs to know nothing of the stream."""
        self._file = self.begin_file().open("w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        self._empty = True

    def add(self, frame: ClipFrame, result: Result) -> None:
        """Write a frame's rows."""
        self.add_at(frame.time_s, result)

    def add_at(self, time_s: float, result: Result) -> None:
        """Write the rows of what was found at a time, and the header before the first."""
        if self._empty:
            self._rows.writerow(["time_s", *map(harmless, self.header(result))])
            self._empty = False
        self._rows.writerows([f"{time_s:.3f}", *map(harmless, row)] for row in self.rows(result))

    @abstractmethod
    def header(self, result: Result) -> list[str]:
        """Return the columns' names but for the time's."""

    @abstractmethod
    def rows(self, result: Result) -> list[list[str]]:
        """Return a frame's rows without its time."""

    def finish(self) -> None:
        """Write what is left."""
        assert self._file is not None
        self._file.close()

    def discard(self) -> None:
        """Leave nothing behind."""
        super().discard()
        if self._file:
            with suppress(OSError):  # on a full disk the last lines can't be written; they are not wanted either
                self._file.close()
