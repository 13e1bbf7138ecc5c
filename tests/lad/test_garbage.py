"""When Python looks for garbage in LAD's processes."""

import gc

from lad.garbage import NEW_OBJECTS


def test_every_process_of_lad_looks_for_garbage_seldom() -> None:
    assert gc.get_threshold()[0] == NEW_OBJECTS
