"""What is said between a worker and the one who asks: a line of JSON and, where its ``blob`` says so, bytes after it.

Never an object, so that a process that was taken over can hand nothing on.
"""

import json
from collections.abc import Mapping
from typing import IO, Any, TypeAlias

Message: TypeAlias = tuple[dict[str, Any], bytes]
"""What JSON holds, and bytes beside it."""


def write(stream: IO[bytes], values: Mapping[str, Any], blob: bytes) -> None:
    """Send a message.

    Raises
    ------
    OSError
        If nobody is there any more.
    """
    stream.write(json.dumps({**values, "blob": len(blob)}).encode() + b"\n")
    stream.write(blob)
    stream.flush()


def read(stream: IO[bytes]) -> Message | None:
    """Return the next message, or None where the stream ends, holds none, or is silent for too long."""
    try:
        values = json.loads(stream.readline())
        size = values.pop("blob")
        blob = stream.read(size)
    except (ValueError, TypeError, AttributeError, KeyError, OSError):
        return None
    return (values, blob) if len(blob) == size else None
