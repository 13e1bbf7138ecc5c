"""Writes of the leads domain: one function per use case."""
