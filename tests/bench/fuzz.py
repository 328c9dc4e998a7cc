"""Ten thousand odd and hostile inputs: how many failed, and what the worst took of memory and time."""

from collections.abc import Iterator
from itertools import islice

from tests.bench.common import verdict
from tests.fuzz import runner
from tests.fuzz.kinds import KINDS, in_turn

COUNT = 10_000
FIRST_SEED = 1_000_000  # others than those of the suite


def run() -> Iterator[str]:
    findings = runner.run(islice(in_turn(list(KINDS), FIRST_SEED), COUNT))
    yield from findings.lines()
    most_mb = max(tally.most_mb for tally in findings.tallies.values())
    detail = f"{COUNT} inputs"
    yield verdict("inputs that failed", len(findings.failures), 0, at_least=False, detail=detail)
    yield verdict("memory of the largest, MB", most_mb, runner.MOST_MB, at_least=False, detail=detail)
