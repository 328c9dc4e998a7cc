"""The methods that segment a frame: one file each, found by itself.

A file holds a `MethodOptions` with its own ``method`` name, and the segmenter that its ``build`` returns.
"""

import importlib
import pkgutil

from segcore.methods.base import MethodOptions

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

METHODS: dict[str, type[MethodOptions]] = {
    options.model_fields["method"].default: options for options in MethodOptions.__subclasses__()
}

__all__ = ["METHODS", "MethodOptions"]
