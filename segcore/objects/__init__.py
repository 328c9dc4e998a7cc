"""Objects: their regions, the watershed that parts them, the tracker that numbers them, and their measures."""
