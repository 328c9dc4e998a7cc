"""What visitors and the log are told of an error."""

import logging
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.server import failures
from segcore.errors import SegdeckError
from tests.conftest import ROOT

NAME = "holiday with anna.mp4"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    before = logging.getLogRecordFactory()
    failures.keep_names_out_of_the_log()
    yield caplog
    logging.setLogRecordFactory(before)


def too_large_for_opencv() -> None:
    cv2.resize(np.zeros((70_000, 16, 3), np.uint8), (0, 0))


def vanished() -> None:
    Path("/tmp/segdeck", NAME).read_bytes()


def no_memory() -> None:
    raise MemoryError("Unable to allocate 9 TiB")


def unknown_label() -> None:
    {}[NAME]


def behind_another() -> None:
    try:
        vanished()
    except OSError as error:
        raise RuntimeError(f"{NAME} failed") from error


ALL = [too_large_for_opencv, vanished, no_memory, unknown_label, behind_another]


@pytest.mark.parametrize("fail", ALL)
def test_no_words_of_a_library_reach_a_visitor(fail, log: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  any kind
        fail()
    said = failures.in_words(caught.value)
    assert said == "Something went wrong on this page; it has been noted. Reload the page to go on."
    assert f"in {fail.__name__}" in log.text, "the log says where"
    assert caught.type.__qualname__ in log.text, "and what"
    assert NAME not in log.text


def test_what_cannot_hold_a_name_is_in_the_log(log: pytest.LogCaptureFixture) -> None:
    for fail, words in ((too_large_for_opencv, "resize"), (vanished, "No such file"), (no_memory, "9 TiB")):
        with pytest.raises(Exception) as caught:  # noqa: PT011  any kind
            fail()
        failures.in_words(caught.value)
        assert words in log.text


def test_an_error_for_people_keeps_its_sentence(log: pytest.LogCaptureFixture) -> None:
    assert failures.in_words(SegdeckError("This is too large.")) == "This is too large."
    assert log.text == ""


def test_the_page_shows_names_in_it_as_they_are() -> None:
    def page() -> None:
        from pages.shared.server import failures
        from segcore.errors import SegdeckError

        failures.show(SegdeckError("There is no ![x](http://evil.example/y)."))

    assert "![x](http" not in AppTest.from_function(page).run().error[0].value


@pytest.mark.parametrize("where", [ROOT, Path("/")])
def test_streamlit_itself_shows_no_details_wherever_it_is_started(where: Path) -> None:
    """As `streamlit run` reads its settings; `segdeck run` starts that in the project's folder."""
    code = (
        "from streamlit import config\n"
        f"config._main_script_path = {str(ROOT / 'app.py')!r}\n"
        "names = 'client.showErrorDetails', 'client.disableDataExport', 'logger.enableRich', 'server.enableAgentApi'\n"
        "print(*map(config.get_option, names))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=where, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["none", "True", "False", "False"]
