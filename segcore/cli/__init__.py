"""The command line: ``segdeck``."""
