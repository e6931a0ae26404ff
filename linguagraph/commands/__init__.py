"""Command line -> calls of the library; one function per command."""
