"""``segdeck run`` on an address of the operator's choice: who is answered there."""

import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.browser.conftest import running_server
from tests.cli.inside import refusal


def status(url: str, host: str) -> int:
    """Return what the server answers where a page is asked for by a host's name."""
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/live", headers={"Host": host})) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_browsers_may_use_the_address_that_was_given(tmp_path: Path) -> None:
    with running_server(tmp_path, host="127.0.0.2") as server:
        asked = [status(server.url, host) for host in ("127.0.0.2", "localhost", "127.0.0.3", "evil.example")]
    assert asked == [200, 200, 421, 421]


def test_on_every_address_only_the_names_that_were_given_are_answered(tmp_path: Path) -> None:
    with running_server(tmp_path, host="0.0.0.0", SEGDECK_HOSTS='["desk.example.org"]') as server:
        asked = [status(server.url, host) for host in ("desk.example.org", "127.0.0.2", "0.0.0.0")]
        said = server.log.read_text()
    assert asked == [200, 421, 421]
    assert "by these names only: desk.example.org; SEGDECK_HOSTS" in said


@pytest.mark.parametrize("host", ["203.0.113.7", "desk..example", "8.8.8.8"])
def test_an_address_that_is_not_this_computer_s_is_refused(host: str) -> None:
    assert "--host" in refusal("run", "--host", host)
