"""The fuzz itself: that it sees what goes wrong, and ninety seconds of it."""

from itertools import islice

import pytest

from tests.fuzz.kinds import KINDS, in_turn
from tests.fuzz.runner import run

SECONDS = 90
COUNT = 700


@pytest.mark.timeout(SECONDS * 4)
def test_ninety_seconds_of_it():
    findings = run(islice(in_turn(list(KINDS), first_seed=1_000_000), COUNT), seconds=SECONDS)
    print("\n".join(findings.lines()))
    assert findings.failures == {}
    assert all(tally.verdicts["passed"] and tally.verdicts["refused"] for tally in findings.tallies.values())
