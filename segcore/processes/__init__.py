"""Work in processes of its own, and what only some systems can."""
