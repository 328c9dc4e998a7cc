"""Files: where they may be written, half-written ones, the work folder, and bounded TOML text."""
