"""A method at work on a stream of images, as the pipeline has it at work."""

from segcore.methods import MethodOptions
from segcore.picture.frame import Frame
from segcore.segmentation import Image, Segmentation


class Stream:
    """A segmenter and, where the method has one, its numberer."""

    def __init__(self, options: MethodOptions) -> None:
        self.segmenter = options.build()
        self._numberer = options.build_numberer()

    def segment(self, image: Image) -> Segmentation:
        """Segment the stream's next image, (H, W, 3) uint8, BGR."""
        found = self.segmenter.segment(Frame.of_image(image))
        return self._numberer.number(found) if self._numberer else found
