"""Lets ``python -m segcore.cli`` be ``segdeck``."""

from segcore.cli.main import main

main()
