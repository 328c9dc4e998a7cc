"""How much of a stream a stage remembers: what decides whether a clip may be processed in pieces."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Memory:
    """How many frames before a frame its result depends on.

    Attributes
    ----------
    frames
        0 for none; a number for a warm-up, after which a stage that began there gives the same results as one that
        began with the stream; None for all of them.
    """

    frames: int | None

    def with_more(self, other: "Memory") -> "Memory":
        """Return the memory of a stage that follows this one and remembers by itself what ``other`` says."""
        if self.frames is None or other.frames is None:
            return EVERYTHING
        return Memory(self.frames + other.frames)


NOTHING = Memory(0)
"""Each frame stands for itself."""
EVERYTHING = Memory(None)
"""All frames count, from the first on: a clip must be processed in order."""
