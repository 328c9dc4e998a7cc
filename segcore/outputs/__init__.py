"""What a processed clip leaves: one file an output, found by itself.

An output takes each frame with its result, and writes a file. To add one, add a file with its class here.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator

from segcore.outputs.base import Output

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def _concrete(outputs: Iterable[type[Output]]) -> Iterator[type[Output]]:
    """Yield outputs and those that derive from them, but for those that only hold what others share."""
    for output in outputs:
        if not inspect.isabstract(output):
            yield output
        yield from _concrete(output.__subclasses__())


OUTPUTS: dict[str, type[Output]] = {
    output.name: output for output in sorted(_concrete(Output.__subclasses__()), key=lambda output: output.name)
}
"""By name."""

__all__ = ["OUTPUTS", "Output"]
