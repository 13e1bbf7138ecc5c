"""The campaign of the analytics' tests, for tests of what keeps its figures."""

from tests.campaigns.analytics.conftest import ask, scenario

__all__ = ["ask", "scenario"]
