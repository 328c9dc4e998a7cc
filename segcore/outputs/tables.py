"""CSV files of figures: a row a picture, or a row for each object of a picture."""

import csv
import io
import re
from contextlib import suppress
from pathlib import Path
from typing import IO

from segcore.errors import SegdeckError
from segcore.files.parts import Part
from segcore.files.paths import check_target
from segcore.pipeline import Result
from segcore.recipe import Recipe

OBJECT_COLUMNS = (
    "number", "label", "area_px", "left_px", "top_px", "width_px", "height_px", "center_x_px", "center_y_px",
)  # fmt: skip


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


class Table:
    """A CSV that grows, under another name until it is whole."""

    def __init__(self, path: Path) -> None:
        self._part = Part(path)
        self._file: IO[str] = self._part.path.open("w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        self._empty = True

    def add(self, time_s: float, result: Result) -> None:
        """Write a picture's rows, and the header before the first."""
        if self._empty:
            self._rows.writerow(map(harmless, self.header(result)))
            self._empty = False
        self._rows.writerows([f"{time_s:.3f}", *map(harmless, row)] for row in self.rows(result))

    def header(self, result: Result) -> list[str]:
        """Return the columns' names, the time's first."""
        raise NotImplementedError

    def rows(self, result: Result) -> list[list[str]]:
        """Return a picture's rows without its time."""
        raise NotImplementedError

    def finish(self) -> None:
        """Write what is left."""
        self._file.close()

    def publish(self) -> None:
        """Give the file its name."""
        self._part.publish()

    def discard(self) -> None:
        """Take half a file away."""
        self._part.discard()
        with suppress(OSError):  # on a full disk the last lines can't be written; they are not wanted either
            self._file.close()


class PictureTable(Table):
    """A row a picture: the share of each label, and how many objects there are where they are told apart."""

    def header(self, result: Result) -> list[str]:
        """Return ``time_s``, ``<label>_percent`` for each label, and ``objects``."""
        counted = ["objects"] if result.segmentation.instances is not None else []
        return ["time_s", *(f"{name}_percent" for name in result.measures.coverage_percent), *counted]

    def rows(self, result: Result) -> list[list[str]]:
        """Return one row."""
        counted = [str(len(result.measures.objects))] if result.segmentation.instances is not None else []
        return [[*(f"{share:.2f}" for share in result.measures.coverage_percent.values()), *counted]]


class ObjectTable(Table):
    """A row for each object of each picture."""

    def header(self, result: Result) -> list[str]:  # noqa: ARG002  they are the same for every result
        """Return the columns."""
        return ["time_s", *OBJECT_COLUMNS]

    def rows(self, result: Result) -> list[list[str]]:
        """Return a row an object, by rising number."""
        return [list(map(str, row)) for row in object_rows(result)]


def require_objects(recipe: Recipe) -> None:
    """Refuse a recipe of whose objects there would be no figures.

    Raises
    ------
    SegdeckError
        If it does not tell objects apart.
    """
    if not recipe.segmenter.numbers_objects:
        raise SegdeckError("This recipe does not tell objects apart; one that splits by the method objects does.")


def object_rows(result: Result) -> list[tuple[int | float | str, ...]]:
    """Return each object's figures, by rising number, in the order of `OBJECT_COLUMNS`."""
    return [
        (one.number, one.label, one.area_px, *one.box_px, *(round(at, 2) for at in one.center_px))
        for one in result.measures.objects
    ]


def objects_csv(result: Result) -> str:
    """Return the objects of one picture as CSV with a header, in the columns `OBJECT_COLUMNS`."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(OBJECT_COLUMNS)
    rows.writerows([harmless(str(cell)) for cell in row] for row in object_rows(result))
    return text.getvalue()


def write_objects(path: Path, result: Result) -> None:
    """Write the objects of one picture as CSV, in the columns of a clip's; their time is 0.

    Raises
    ------
    SegdeckError
        If no file can be written there.
    """
    check_target(path)
    table = ObjectTable(path)
    try:
        table.add(0, result)
        table.finish()
        table.publish()
    finally:
        table.discard()
