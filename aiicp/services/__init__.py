"""Writes of the aiicp domain: one function per use case."""
