"""Vapi: calls with assistant overrides over its HTTP API, and its server messages."""
