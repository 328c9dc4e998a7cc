"""Objects: their regions, the watershed that separates them, the tracker that numbers them, and their measures."""
