"""The command line, run inside the test's own process: as it is, but in milliseconds."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

import cv2
import pytest

from segcore.cli.main import main


def answer(*arguments: object, out: io.StringIO | None = None) -> tuple[object, str]:
    """Return the exit status and what stands on stderr; what is printed goes into ``out``."""
    said, threads = io.StringIO(), cv2.getNumThreads()
    try:
        with (
            patch.object(sys, "argv", ["segdeck", *map(str, arguments)]),
            redirect_stderr(said),
            redirect_stdout(io.StringIO() if out is None else out),
            pytest.raises(SystemExit) as end,
        ):
            main()
    finally:
        cv2.setNumThreads(threads)
    return end.value.code, said.getvalue()


def assert_one_short_line(said: str, longest: int = 300) -> None:
    assert said.splitlines() == [said]
    assert said.isprintable()
    assert 0 < len(said) <= longest


def refusal(*arguments: object) -> str:
    """Return what the command line says, which must be one short line that blames nothing inside."""
    code, said = answer(*arguments)
    assert code == 2
    assert said.startswith("segdeck: ")
    assert_one_short_line(said.removesuffix("\n"))
    assert "something went wrong inside" not in said
    return said
