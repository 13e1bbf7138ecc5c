"""Calls at the sandbox that were recorded, and a storage of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from lad.tenancy.context import platform_context
from tests.voice.callbacks.conftest import Line, _retries_without_waiting, callbacks, line
from voice.calls.models import CallLog
from voice.recordings.models import CallRecording

__all__ = ["_retries_without_waiting", "callbacks", "line"]


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Callable[[], list[str]]:
    """Store files in a directory of the test's own. Call it for their keys."""
    options = {"location": str(tmp_path), "file_permissions_mode": 0o600}
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "attachments": backend}
    assert storages["attachments"].location == str(tmp_path)  # type: ignore[attr-defined]
    return lambda: sorted(str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*") if each.is_file())


@pytest.fixture
def recorded(line: Any) -> Callable[..., tuple[Line, CallLog]]:
    """Return a call that is over and whose recording waits at the carrier."""

    def make(protocol: str = "livekit", behaviour: str = "answers") -> tuple[Line, CallLog]:
        at = line(protocol)
        call = at.call(behaviour)
        at.sandbox.advance(minutes=3)
        at.deliver()
        return at, at.finished(call)

    return make


def row_of(call: CallLog) -> CallRecording:
    with platform_context(tenant_id=call.tenant_id):
        return CallRecording.objects.get(call_log=call.pk)


def change(row: CallRecording, **values: Any) -> None:
    with platform_context(tenant_id=row.tenant_id):
        CallRecording.objects.filter(pk=row.pk).update(**values)
