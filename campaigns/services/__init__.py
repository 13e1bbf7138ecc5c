"""Writes of the campaigns domain: one function per use case."""
