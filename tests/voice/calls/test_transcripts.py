"""Normalising transcripts of every known form."""

from typing import Any

import pytest

from lad.db.json_schema import JsonSchemaValidator
from voice.calls.transcripts import UnreadableTranscript, normalise_transcript
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
    ids=["stored", "segments", "speakers", "messages", "milliseconds", "dates"],
)
def test_every_known_form_gives_the_same_turns(given: Any) -> None:
    assert normalise_transcript(given) == WANTED
    JsonSchemaValidator(TRANSCRIPT)(normalise_transcript(given))


def test_plain_text_is_parsed_line_by_line() -> None:
    assert normalise_transcript("Agent: Hello.\nUser: Who is this?\nI am busy.\n\n[00:12] Bot: Sorry.") == [
        {"role": "agent", "text": "Hello."},
        {"role": "person", "text": "Who is this? I am busy."},
        {"role": "agent", "text": "Sorry."},
    ]


def test_other_keys_of_a_turn_are_kept() -> None:
    [turn] = normalise_transcript([{"role": "user", "text": "Yes", "confidence": 0.93}])
    assert turn == {"role": "person", "text": "Yes", "confidence": 0.93}


@pytest.mark.parametrize("empty", [None, "", [], {"segments": []}, [{"role": "agent", "text": "  "}]])
def test_an_empty_transcript_has_no_turns(empty: Any) -> None:
    assert normalise_transcript(empty) == []


@pytest.mark.parametrize("given", [5, [5], [["agent", "hello"]]])
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(UnreadableTranscript):
        normalise_transcript(given)
