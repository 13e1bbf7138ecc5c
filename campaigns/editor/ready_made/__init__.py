"""The sequences that LAD brings along: one file each, read once."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A sequence that ships with LAD. ``config`` are settings of the campaigns that are made from it."""

    key: str
    name: str
    description: str
    steps: Sequence[Mapping[str, Any]]
    config: Mapping[str, Any]


@cache
def ready_made() -> dict[str, ReadyMade]:
    """Return the sequences by their keys, in the order in which they are offered."""
    found = []
    for path in Path(__file__).parent.glob("*.toml"):
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        config = {"campaign_type": given["campaign_type"]} if "campaign_type" in given else {}
        sequence = ReadyMade(path.stem, given["name"], given["description"], given["steps"], config)
        found.append((given["rank"], sequence))
    return {each.key: each for _rank, each in sorted(found, key=lambda pair: pair[0])}
