"""The composition root: read these files from top to bottom, and the architecture is told."""
