"""The stages of a run on disk, in order, and the report that they end in."""
