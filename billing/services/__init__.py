"""Writes of the billing domain."""
