"""Clips: looking at them, reading and processing them."""

from segcore.video.job import JobProgress, iterate_clip_in_worker
from segcore.video.probe import VideoInfo, probe
from segcore.video.process import iterate_clip, process_clip
from segcore.video.progress import Progress, Summary

__all__ = [
    "JobProgress",
    "Progress",
    "Summary",
    "VideoInfo",
    "iterate_clip",
    "iterate_clip_in_worker",
    "probe",
    "process_clip",
]
