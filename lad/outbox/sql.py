"""The names of ``lad.db.queries`` by which the campaigns' engine still imports them."""

from lad.db.queries import execute, rows

__all__ = ["execute", "rows"]
