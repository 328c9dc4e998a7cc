"""What every message for people has in common."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from segcore.errors import LONGEST, SegdeckError


@contextmanager
def refused(*parts: str) -> Iterator[None]:
    """Expect a SegdeckError of one plain sentence that holds ``parts``."""
    with pytest.raises(SegdeckError) as caught:
        yield
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert message.endswith((".", "?"))
    assert not message.endswith(("..", "?."))
    assert len(message) <= LONGEST
    assert not re.search(r"/tmp/|/home/|/etc/|[A-Z]:\\|[Ii]nput should|[Vv]alue error|pattern", message)
    for part in parts:
        assert part in message
