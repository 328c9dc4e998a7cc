"""What a network answers with. Each kind is one member of `Answer`, which knows what is right and how it is read.

A card's ``[output]`` table is one of them, chosen by its ``kind``.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from pydantic import SerializeAsAny

from segcore.errors import SegdeckError
from segcore.networks.masks import Planes, channels_first, read_labels, read_probability, to_probability
from segcore.networks.runtimes import Layout, Tensor
from segcore.options import Options, chosen_by
from segcore.segmentation import LabelMap

Outputs: TypeAlias = Mapping[str, Tensor]
"""What a runtime gives, by name."""


class Fed(NamedTuple):
    """How a network is fed: the size of the image, and the runtime's order of axes."""

    height_px: int
    width_px: int
    layout: Layout


class Choice(NamedTuple):
    """Which of a network's labels are to be found.

    Attributes
    ----------
    wanted
        Their numbers, counted from 1, ascending; they are numbered anew in what is found.
    known
        How many labels the network has.
    floor
        Where a label is less sure than this, 0 to 1, it is not found.
    """

    wanted: Sequence[int]
    known: int
    floor: float = 0


class _MaskAnswer(Options):
    """Masks of all labels in the first output: (C, h, w), or (h, w, C), in any size."""

    def check(self, outputs: Outputs, fed: Fed, labels: int, network: str) -> None:
        """Refuse an answer that does not fit its kind and the card.

        Parameters
        ----------
        outputs
            What the network answered with.
        fed
            How it was fed.
        labels
            How many the card has.
        network
            The card's title.

        Raises
        ------
        SegdeckError
            If it has a wrong shape, or values that it can't have.
        """
        answer, expected = self._channels(outputs, fed), self._channel_counts(labels)
        if answer.ndim != 3 or len(answer) not in expected or min(answer.shape[1:]) < 2:
            raise SegdeckError(
                f"The network {network} answers with shape {answer.shape}, which does not fit its card: "
                f"{' or '.join(map(str, expected))} channels are expected."
            )
        if not np.isfinite(answer).all():
            raise SegdeckError(f"The network {network} answers with values that are not finite.")
        self._check_values(answer, network)

    @abstractmethod
    def read(
        self, outputs: Outputs, fed: Fed, choice: Choice, height: int, width: int
    ) -> tuple[LabelMap, Planes | None]:
        """Read an answer at the size of an image.

        Parameters
        ----------
        outputs
            What the network answered with.
        fed
            How it was fed.
        choice
            The labels to find.
        height, width
            Of the result.

        Returns
        -------
        tuple
            The label map, (height, width) uint8, at most N, and (N, height, width) uint8, the confidence of each of
            the N wanted labels; None where the network tells none, or it were too much for memory.
        """

    @abstractmethod
    def _channel_counts(self, labels: int) -> tuple[int, ...]:
        """Return how many channels there may be."""

    def _check_values(self, answer: Tensor, network: str) -> None:
        """Refuse finite values that this kind of answer can't have."""

    def _channels(self, outputs: Outputs, fed: Fed) -> Tensor:
        return channels_first(next(iter(outputs.values())), (fed.height_px, fed.width_px), fed.layout)


class _ChannelPerLabel(_MaskAnswer):
    """How sure the network is of each label, and of the background where there is one channel more than labels."""

    def read(
        self, outputs: Outputs, fed: Fed, choice: Choice, height: int, width: int
    ) -> tuple[LabelMap, Planes | None]:
        probability = self._to_probability(self._channels(outputs, fed))
        background = len(probability) > choice.known
        return read_probability(probability, choice.wanted, height, width, background=background, floor=choice.floor)

    def _channel_counts(self, labels: int) -> tuple[int, ...]:
        return labels, labels + 1

    @abstractmethod
    def _to_probability(self, answer: Tensor) -> Tensor: ...


class ProbabilityAnswer(_ChannelPerLabel):
    """Probabilities from 0 to 1."""

    kind: Literal["probability"] = "probability"

    def _check_values(self, answer: Tensor, network: str) -> None:
        if answer.min() < -0.01 or answer.max() > 1.01:
            raise SegdeckError(f"The network {network} answers with values outside 0 to 1, not probabilities.")

    def _to_probability(self, answer: Tensor) -> Tensor:
        return answer


class LogitsAnswer(_ChannelPerLabel):
    """Scores of any size."""

    kind: Literal["logits"] = "logits"

    def _to_probability(self, answer: Tensor) -> Tensor:
        return to_probability(answer)


class ArgmaxAnswer(_MaskAnswer):
    """The number of the label, in one channel: 0 is background, n the n-th label."""

    kind: Literal["argmax"] = "argmax"

    def read(
        self, outputs: Outputs, fed: Fed, choice: Choice, height: int, width: int
    ) -> tuple[LabelMap, Planes | None]:
        """Read the label map; there is no confidence."""
        return read_labels(self._channels(outputs, fed), choice.wanted, height, width), None

    def _channel_counts(self, labels: int) -> tuple[int, ...]:  # noqa: ARG002  one, however many labels there are
        return (1,)


_Members: TypeAlias = ProbabilityAnswer | LogitsAnswer | ArgmaxAnswer
_BY_KIND: dict[str, type[Options]] = {member.model_fields["kind"].default: member for member in get_args(_Members)}
# As any: a union's own serializer would be given what `chosen_by` has written out already.
Answer: TypeAlias = Annotated[SerializeAsAny[_Members], chosen_by("kind", _BY_KIND)]
AnswerKind: TypeAlias = Literal["probability", "logits", "argmax"]
"""The kinds of answer that are told apart by looking at a network."""
