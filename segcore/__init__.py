"""Segdeck's core: it segments images and clips, and never knows that there is a browser.

>>> from segcore import load_recipe, build_pipeline, process_clip
"""

from segcore.errors import SegdeckError
from segcore.pipeline import Pipeline, Result, build_pipeline
from segcore.recipe import Recipe, load_recipe
from segcore.video import iterate_clip, process_clip

__all__ = [
    "Pipeline",
    "Recipe",
    "Result",
    "SegdeckError",
    "build_pipeline",
    "iterate_clip",
    "load_recipe",
    "process_clip",
]
