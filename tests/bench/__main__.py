"""Run benchmarks, all or those that are named: ``python -m tests.bench [methods ...]``."""

import sys

from segcore.pipeline import use_one_thread_each
from tests.bench import browser, fuzz, live, memory, methods, networks, refinement, uploads, video

BENCHES = {
    "methods": methods.run,
    "networks": networks.run,
    "refinement": refinement.run,
    "live": live.run,
    "video": video.run,
    "memory": memory.run,
    "fuzz": fuzz.run,
    "uploads": uploads.run,
    "browser": browser.run,
}

if __name__ == "__main__":
    use_one_thread_each()  # as the app and the command line do
    for name in sys.argv[1:] or BENCHES:
        print(f"\n{name}")
        for line in BENCHES[name]():
            print(f"  {line}", flush=True)
