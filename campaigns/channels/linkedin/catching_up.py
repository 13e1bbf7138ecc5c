"""Catch up with what happened to an account while nothing was reported of it."""

from campaigns.channels.gateway.catching_up import CaughtUp, catch_up

__all__ = ["CaughtUp", "catch_up"]
