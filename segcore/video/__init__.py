"""Clips: looking at them, reading, processing and writing them."""

from segcore.video.job import JobProgress, process_in_worker
from segcore.video.probe import VideoInfo, probe
from segcore.video.process import Progress, process_video

__all__ = ["JobProgress", "Progress", "VideoInfo", "probe", "process_in_worker", "process_video"]
