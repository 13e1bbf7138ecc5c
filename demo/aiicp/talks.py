"""Conversations of the demo: who talked with the assistant about whom, and what was said."""

from typing import Final

from demo.aiicp import talks_brightpath, talks_harbour, talks_kestrel
from demo.aiicp.talk import Said, Talk

TALKS: Final[dict[str, tuple[Talk, ...]]] = {
    "kestrel-analytics": talks_kestrel.TALKS,
    "brightpath-education": talks_brightpath.TALKS,
    "harbour-finch": talks_harbour.TALKS,
}

__all__ = ["TALKS", "Said", "Talk"]
