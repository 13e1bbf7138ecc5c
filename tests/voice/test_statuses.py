"""The words that mean a status."""

import pytest

from voice.statuses import CallStatus, EntryStatus, UnknownStatus, call_status, entry_status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("in_queue", "pending"),
        ("queued", "pending"),
        ("pending", "pending"),
        ("calling", "ringing"),
        ("ringing", "ringing"),
        ("in_progress", "ongoing"),
        ("in-progress", "ongoing"),
        ("running", "ongoing"),
        ("started", "ongoing"),
        ("ended", "ended"),
        ("completed", "ended"),
        ("rejected", "declined"),
        ("No Answer", "declined"),
        ("no-answer", "declined"),
        ("busy", "declined"),
        ("canceled", "cancelled"),
        (" CANCELLED ", "cancelled"),
        ("error", "failed"),
        ("not_reachable", "failed"),
    ],
)
def test_every_vocabulary_is_understood(word: str, status: str) -> None:
    assert call_status(word) == status


def test_an_unknown_word_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownStatus) as refusal:
        call_status("voicemail")
    assert "no_answer" in refusal.value.errors["status"][0]


@pytest.mark.parametrize(
    ("call", "entry"),
    [
        (CallStatus.ENDED, EntryStatus.COMPLETED),
        (CallStatus.DECLINED, EntryStatus.DECLINED),
        (CallStatus.CANCELLED, EntryStatus.CANCELLED),
        (CallStatus.FAILED, EntryStatus.FAILED),
        (CallStatus.ONGOING, EntryStatus.DISPATCHED),
        (CallStatus.PENDING, EntryStatus.DISPATCHED),
    ],
)
def test_an_entry_follows_its_call(call: CallStatus, entry: EntryStatus) -> None:
    assert entry_status(call) == entry
