"""When Python looks for garbage that reference counts do not free."""

import gc
from typing import Final

# So many new objects, instead of Python's 700: a batch of rows makes more than that and frees nearly all of it by
# itself. Looking through them took a fifth of the engine's time in Python.
NEW_OBJECTS: Final = 50_000


def look_seldom() -> None:
    """Look for garbage after many new objects only, in every process of LAD."""
    gc.set_threshold(NEW_OBJECTS, 20, 100)


def leave_out_what_is_loaded() -> None:
    """Leave what was imported out of every search: it stays, and searching copies pages that processes share."""
    gc.collect()
    gc.freeze()
