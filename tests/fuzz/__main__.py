"""Run the fuzz: ``python -m tests.fuzz [KIND ...] [--seconds N | --count N] [--seed S]``."""

import argparse
import sys
from itertools import islice

from tests.fuzz.kinds import KINDS, in_turn
from tests.fuzz.runner import run

SECONDS = 300


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"one of {', '.join(KINDS)}; all if left out")
    parser.add_argument("--seconds", type=float, help=f"how long; {SECONDS} if nothing else is said")
    parser.add_argument("--count", type=int, help="how many inputs; one of each kind if only a seed is named")
    parser.add_argument("--seed", type=int, help="of each kind's first input; the next ones follow")
    said = parser.parse_args()
    if unknown := set(said.kinds) - KINDS.keys():
        parser.error(f"there is no kind {unknown.pop()!r}; the kinds are {', '.join(KINDS)}")
    names, count, seconds = said.kinds or list(KINDS), said.count, said.seconds
    if count is None and seconds is None:
        count, seconds = (len(names), None) if said.seed is not None else (None, SECONDS)
    findings = run(islice(in_turn(names, said.seed or 0), count), seconds=seconds)
    print("\n".join(findings.lines()))
    return 1 if findings.failures else 0


if __name__ == "__main__":
    sys.exit(main())
