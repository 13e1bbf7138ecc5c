"""Where a part of the simulated year is, kept in a file while the part is not running."""

import os
import pickle
import random
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from benchmarks.simulated_world import Part, World

SECRETS: Final = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "JWT_SIGNING_KEYS")


@dataclass
class Progress:
    """A part between two of its moments. ``forget`` and ``tidy`` are when it does these two next."""

    world: World
    part: Part
    now: datetime
    forget: datetime
    tidy: datetime
    chance: random.Random
    # The rows of this part were written with them.
    secrets: dict[str, str] = field(default_factory=lambda: {name: os.environ[name] for name in SECRETS})

    def save(self, file: Path) -> None:
        """Write it whole or not at all."""
        fresh = file.with_suffix(".new")
        with fresh.open("wb") as stream:
            pickle.dump(self, stream, protocol=pickle.HIGHEST_PROTOCOL)
        fresh.replace(file)


def saved(file: Path) -> Progress | None:
    """Return where the part stopped, or None if it has not begun. Gives this process the part's secrets."""
    if not file.exists():
        return None
    with file.open("rb") as stream:
        progress: Progress = pickle.load(stream)  # noqa: S301  (written by our own process)
    os.environ.update(progress.secrets)
    return progress
