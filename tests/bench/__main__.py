"""Run benchmarks, all or those that are named: ``python -m tests.bench [methods ...]``."""

import sys

from segcore.processes.set_up import set_up_process
from tests.bench import (
    browser,
    fuzz,
    libraries,
    line,
    live,
    memory,
    methods,
    networks,
    refinement,
    shapes,
    starts,
    uploads,
    video,
)

BENCHES = {
    "methods": methods.run,
    "libraries": libraries.run,
    "networks": networks.run,
    "refinement": refinement.run,
    "live": live.run,
    "video": video.run,
    "memory": memory.run,
    "fuzz": fuzz.run,
    "uploads": uploads.run,
    "shapes": shapes.run,
    "browser": browser.run,
    "starts": starts.run,
    "line": line.run,
}

if __name__ == "__main__":
    set_up_process()  # as the app and the command line do
    for name in sys.argv[1:] or BENCHES:
        print(f"\n{name}")
        for line in BENCHES[name]():
            print(f"  {line}", flush=True)
