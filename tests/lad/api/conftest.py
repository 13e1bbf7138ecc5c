"""Fixtures of the API kernel's tests."""

import pytest

from lad import writes


@pytest.fixture
def plain_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write rows without the rules of their tables."""
    monkeypatch.setattr(writes, "_writers", {})
