"""What tests of the API's kernel share."""

import pytest

from lad import writes


@pytest.fixture
def plain_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are written by the plain writer, whatever rules their tables have."""
    monkeypatch.setattr(writes, "_writers", {})
