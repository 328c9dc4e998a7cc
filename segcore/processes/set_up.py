"""What is set once for a whole process, where it begins: the server, the command line, a worker, a bench."""

import cv2

from segcore.processes.posix import give_large_memory_back


def set_up_process() -> None:
    """Set up a process that works for long: one thread a stream, and memory given back after each large image."""
    use_one_thread_each()
    give_large_memory_back()


def use_one_thread_each() -> None:
    """Let OpenCV use one thread a stream. A worker needs no more: its memory goes with it.

    Frames are decoded, segmented and encoded side by side, and visitors watch side by side. Dividing each step
    further gained nothing and cost 40 % more processor time.
    """
    cv2.setNumThreads(1)
