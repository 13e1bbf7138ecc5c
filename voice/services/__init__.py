"""Writes of the voice domain: one function per use case."""
