"""Sound on its way from a clip into an MP4: copied where browsers play it, else recoded as AAC."""

from collections.abc import Sequence

import av
from av.audio.stream import AudioStream

_COPIED = {"aac", "mp3", "opus"}  # what MP4 holds and browsers play
_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}


class SoundWriter:
    """Writes the packets of a clip's sound into another container.

    Attributes
    ----------
    damaged
        Whether some of the sound had to be left out.
    """

    def __init__(self, container: av.container.OutputContainer, source: AudioStream) -> None:
        self._container = container
        self.damaged = False
        self._copied = source.codec_context.codec.canonical_name in _COPIED
        if self._copied:
            self._stream = container.add_stream_from_template(source)
            return
        rate = source.rate if source.rate in _AAC_RATES else 48_000
        layout = "mono" if source.channels == 1 else "stereo"
        self._stream = container.add_stream("aac", rate=rate)
        self._stream.layout = layout
        self._resampler = av.AudioResampler("fltp", layout, rate, frame_size=1024)

    def write(self, packet: "av.Packet[AudioStream]") -> None:
        """Copy or recode one packet. It is changed."""
        if self._copied:
            packet.stream = self._stream
            self._mux([packet])
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self.damaged = True  # a moment of silence
            return
        for frame in frames:
            self._encode(self._resampler.resample(frame))

    def flush(self) -> None:
        """Write what is still in the encoder."""
        if not self._copied:
            self._encode(self._resampler.resample(None))
            self._mux(self._stream.encode(None))

    def _encode(self, frames: Sequence[av.AudioFrame]) -> None:
        for frame in frames:
            self._mux(self._stream.encode(frame))

    def _mux(self, packets: "Sequence[av.Packet[AudioStream]]") -> None:
        """Write packets, but for those that no MP4 takes: their times go back, or they hold nonsense."""
        for packet in packets:
            try:
                self._container.mux(packet)
            except (av.ArgumentError, av.InvalidDataError):
                self.damaged = True
