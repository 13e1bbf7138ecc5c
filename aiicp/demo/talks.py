"""Conversations of the demo: who talked with the assistant about whom, and what was said."""

from typing import Final

from aiicp.demo import talks_brightpath, talks_harbour, talks_kestrel
from aiicp.demo.talk import Said, Talk

TALKS: Final[dict[str, tuple[Talk, ...]]] = {
    "kestrel-analytics": talks_kestrel.TALKS,
    "brightpath-education": talks_brightpath.TALKS,
    "harbour-finch": talks_harbour.TALKS,
}

__all__ = ["TALKS", "Said", "Talk"]
