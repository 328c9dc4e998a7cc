"""Segdeck's core: it splits pictures and videos into parts, and never knows that there is a browser.

>>> from segcore import load_recipe, build_pipeline, process_video
"""

from segcore.errors import SegdeckError
from segcore.pipeline import Pipeline, Result, build_pipeline
from segcore.recipe import Recipe, load_recipe
from segcore.video import process_video

__all__ = ["Pipeline", "Recipe", "Result", "SegdeckError", "build_pipeline", "load_recipe", "process_video"]
