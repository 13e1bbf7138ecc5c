"""Segments of SMS, by the tables of GSM 03.38 and the arithmetic of concatenation."""

import pytest

from campaigns.sms_text import GSM_EXTENSION, GSM_LETTERS, Encoding, Segments, segments_of


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", Encoding.GSM, 0, 0),
        ("a", Encoding.GSM, 1, 1),
        ("a" * 160, Encoding.GSM, 160, 1),
        ("a" * 161, Encoding.GSM, 161, 2),
        ("a" * 306, Encoding.GSM, 306, 2),
        ("a" * 307, Encoding.GSM, 307, 3),
        # Letters of the extension take two places.
        ("€" * 80, Encoding.GSM, 160, 1),
        ("€" * 81, Encoding.GSM, 162, 2),
        # No letter is cut in two: 152 places and one that needs two begin a new segment.
        ("a" * 152 + "€" + "a" * 151, Encoding.GSM, 305, 2),
        ("a" * 152 + "€" + "a" * 152, Encoding.GSM, 306, 3),
        ("ж" * 70, Encoding.UCS2, 70, 1),
        ("ж" * 71, Encoding.UCS2, 71, 2),
        ("ж" * 134, Encoding.UCS2, 134, 2),
        ("ж" * 135, Encoding.UCS2, 135, 3),
        # Letters beyond the basic plane take two units.
        ("😀" * 35, Encoding.UCS2, 70, 1),
        ("😀" * 36, Encoding.UCS2, 72, 2),
        ("ж" * 66 + "😀" + "ж" * 65, Encoding.UCS2, 133, 2),
        ("ж" * 66 + "😀" + "ж" * 66, Encoding.UCS2, 134, 3),
        # One letter that GSM-7 lacks makes the whole text longer.
        ("a" * 70 + "ç", Encoding.UCS2, 71, 2),
        ("مرحبا", Encoding.UCS2, 5, 1),
        ("नमस्ते", Encoding.UCS2, 6, 1),
    ],
)
def test_a_text_is_cut_into_segments(text: str, encoding: Encoding, units: int, count: int) -> None:
    found = segments_of(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)


def test_the_tables_are_those_of_gsm() -> None:
    assert len(GSM_LETTERS) == 127
    assert len(GSM_EXTENSION) == 10
    assert not GSM_LETTERS & GSM_EXTENSION
    for letter in "ÄÖÜäöüßéèùìòàñÑøØåÅ@£$¥":
        assert segments_of(letter).encoding == Encoding.GSM


def test_the_letters_that_make_a_text_longer_are_named_once() -> None:
    assert segments_of("“Hello” – it’s “you”") == Segments(Encoding.UCS2, 20, 1, ("“", "”", "–", "’"))
