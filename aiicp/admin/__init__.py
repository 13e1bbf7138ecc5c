"""The aiicp domain in the admin."""

from aiicp.admin import conversations, expansions, profiles

__all__ = ["conversations", "expansions", "profiles"]
