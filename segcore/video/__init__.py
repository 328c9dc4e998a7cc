"""Clips: looking at them, reading, processing and writing them."""

from segcore.video.probe import VideoInfo, probe
from segcore.video.process import Progress, process_video

__all__ = ["Progress", "VideoInfo", "probe", "process_video"]
