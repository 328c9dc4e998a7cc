"""Images: photos and frames, their colours and sizes, and the canvas that overlays draw on."""
