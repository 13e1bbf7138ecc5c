"""The forms in which transcripts come."""

from typing import Any

import pytest

from lad.db.shapes import Shape
from voice.calls.transcripts import UnreadableTranscript, normalise
from voice.json_schemas import TRANSCRIPT

WANTED = [
    {"role": "agent", "text": "Hello, is this a good time?", "start": 0.0, "end": 2.5},
    {"role": "person", "text": "Yes.", "start": 3.0, "end": 3.4},
]


@pytest.mark.parametrize(
    "given",
    [
        WANTED,
        {"segments": WANTED},
        [
            {"speaker": "assistant", "content": WANTED[0]["text"], "start_time": 0, "end_time": 2.5},
            {"speaker": "user", "content": ["Yes."], "start_time": "3.0", "end_time": 3.4},
        ],
        {
            "messages": [
                {"role": "bot", "message": WANTED[0]["text"], "secondsFromStart": 0, "endTime": 2.5},
                {"role": "user", "message": "Yes.", "secondsFromStart": 3, "endTime": 3.4},
            ]
        },
        [
            {"role": "AI", "text": WANTED[0]["text"], "timestamp": 1_790_000_000_000, "end": 1_790_000_002_500},
            {"role": "Customer", "text": "Yes.", "timestamp": 1_790_000_003_000, "end": 1_790_000_003_400},
        ],
        [
            {
                "role": "agent",
                "text": WANTED[0]["text"],
                "timestamp": "2026-03-02T10:00:00+04:00",
                "end": "2026-03-02T10:00:02.500+04:00",
            },
            {
                "role": "caller",
                "text": "Yes.",
                "timestamp": "2026-03-02T10:00:03+04:00",
                "end": "2026-03-02T10:00:03.400+04:00",
            },
        ],
    ],
    ids=["stored", "segments", "speakers", "messages", "milliseconds", "moments"],
)
def test_every_known_form_becomes_the_same_turns(given: Any) -> None:
    assert normalise(given) == WANTED
    Shape(TRANSCRIPT)(normalise(given))


def test_plain_text_is_read_line_by_line() -> None:
    assert normalise("Agent: Hello.\nUser: Who is this?\nI am busy.\n\n[00:12] Bot: Sorry.") == [
        {"role": "agent", "text": "Hello."},
        {"role": "person", "text": "Who is this? I am busy."},
        {"role": "agent", "text": "Sorry."},
    ]


def test_what_else_a_turn_carried_stays() -> None:
    [turn] = normalise([{"role": "user", "text": "Yes", "confidence": 0.93}])
    assert turn == {"role": "person", "text": "Yes", "confidence": 0.93}


@pytest.mark.parametrize("empty", [None, "", [], {"segments": []}, [{"role": "agent", "text": "  "}]])
def test_nothing_said_is_no_turn(empty: Any) -> None:
    assert normalise(empty) == []


@pytest.mark.parametrize("given", [5, [5], [["agent", "hello"]]])
def test_what_is_no_transcript_is_refused(given: Any) -> None:
    with pytest.raises(UnreadableTranscript):
        normalise(given)
