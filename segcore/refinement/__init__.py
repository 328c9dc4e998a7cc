"""What is done to any method's result before it is drawn."""

from segcore.refinement.stage import Refinement, Refiner

__all__ = ["Refinement", "Refiner"]
