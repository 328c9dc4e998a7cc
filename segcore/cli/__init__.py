"""The command line: ``segdeck``."""

STOPPED = 130
"""The exit status after Ctrl-C: what typer makes of it, as shells do."""
