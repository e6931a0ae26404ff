"""One linguistic question per module."""
