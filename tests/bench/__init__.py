"""Speed and memory, as ratios against something run beside it. ``make bench`` runs all; names after it run some."""
