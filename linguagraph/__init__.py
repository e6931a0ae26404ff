"""text -> documents -> graphs -> models -> masks -> edges -> aggregates -> figures -> reports."""

__version__ = "0.1.0"
