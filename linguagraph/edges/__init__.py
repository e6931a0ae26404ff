"""Masks of every edge -> the edge, path and role tables of a run, and their storage."""
