"""Parsing call statuses."""

import pytest

from voice.statuses import CallStatus, EntryStatus, UnknownStatus, entry_status_for, parse_call_status


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
def test_every_known_word_is_parsed(word: str, status: str) -> None:
    assert parse_call_status(word) == status


def test_an_unknown_word_is_refused_with_a_list_of_known_ones() -> None:
    with pytest.raises(UnknownStatus) as error:
        parse_call_status("voicemail")
    assert "no_answer" in error.value.errors["status"][0]


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
def test_the_status_of_a_call_gives_the_status_of_its_entry(call: CallStatus, entry: EntryStatus) -> None:
    assert entry_status_for(call) == entry
