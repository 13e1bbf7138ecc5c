"""Phone numbers as people write them in their countries, and as the tables store and find them."""

import csv
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as some

from lad import phones
from lad.phones import Phone

TABLE = Path(__file__).with_name("phone_numbers.csv")
KINDS = {
    "local",
    "international",
    "international prefix",
    "extension",
    "other digits",
    "short",
    "premium",
    "impossible",
    "no country",
}


def test_every_number_of_the_table_is_stored_or_refused_with_what_was_understood() -> None:
    """``stored`` is the number in E.164; otherwise ``refusal`` is a part of the message."""
    wrong, rows = [], list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        try:
            answer = phones.parse(row["written"], row["tenant_country"]).e164
        except ValidationError as error:
            answer = error.messages[0]
            right = bool(row["refusal"]) and not row["stored"] and row["refusal"] in answer and row["written"] in answer
        else:
            right = answer == row["stored"]
        if not right:
            wrong.append((row["tenant_country"], row["written"], answer))
    assert not wrong
    assert len(rows) >= 150
    assert len({row["tenant_country"] for row in rows} - {""}) >= 12
    assert {row["kind"] for row in rows} == KINDS


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("+971 50 123 4567", Phone("+971", 501234567)),
        ("00971501234567", Phone("+971", 501234567)),
        ("+1 (202) 555-0143", Phone("+1", 2025550143)),
        ("+39 06 1234 5678", Phone("+39", 612345678, 1)),
    ],
)
def test_a_number_is_split_into_country_number_and_zeros(written: str, phone: Phone) -> None:
    assert phones.parse(written) == phone


@pytest.mark.parametrize("written", ["", "hello", "12", "+1", "+999123", "+390000000", "call 2025550143 or else"])
def test_an_impossible_number_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValidationError, match="Write it with its country"):
        phones.parse(written)


@given(some.integers(min_value=1, max_value=99_999_999), some.integers(min_value=0, max_value=3))
def test_no_leading_zero_is_lost(base_number: int, zeros: int) -> None:
    phone = Phone("+39", base_number, zeros)
    assert phone.national == "0" * zeros + str(base_number)
    assert phone.e164.endswith(phone.national)


def test_the_columns_round_trip_to_the_same_number() -> None:
    for text in ("+390612345678", "+971501234567", "+12025550143"):
        assert phones.parse(text).e164 == text
        assert phones.parse(phones.parse(text).international) == phones.parse(text)


def test_an_old_number_that_is_none_is_shown_as_it_is() -> None:
    assert phones.shown("+390655501234") == "+39 06 5550 1234"
    assert [phones.shown(text) for text in ("", "call me", "+441111")] == ["", "call me", "+44 1111"]


# The tenant's country, the term, and whether it finds +971501234567.
SEARCHES = [
    ("AE", "0501234567", True),
    ("AE", "050 123 4567", True),
    ("AE", "501234567", True),
    ("AE", "50 123", True),
    ("AE", "050 12", True),
    ("AE", "٠٥٠ ١٢٣ ٤٥٦٧", True),
    ("AE", "97150", True),
    ("AE", "+971 50", True),
    ("AE", "00971 50 123", True),
    ("", "97150", True),
    ("", "+971501234567", True),
    ("", "0501234567", True),
    ("", "501234567", True),
    ("GB", "050 123 4567", True),
    ("GB", "97150", True),
    ("GB", "050 12", False),
    ("AE", "0551234567", False),
    ("AE", "+44 50", False),
]


def test_a_term_in_any_form_means_the_stored_number() -> None:
    wrong = []
    for country, text, found in SEARCHES:
        term = phones.search_term(text, country)
        assert term is not None, text
        meant = term.national == 501234567 or any("+971501234567".startswith(each) for each in term.beginnings)
        if meant is not found:
            wrong.append((country, text, term))
    assert not wrong
    assert len(SEARCHES) > 15


def test_words_and_short_digits_are_no_numbers() -> None:
    for text in ("", "12", "Acme", "Acme 2000", "maria@acme.example", "7 eleven", "1" * 200):
        assert phones.search_term(text, "AE") is None


def test_no_number_is_written_as_such() -> None:
    assert (phones.NO_NUMBER.e164, phones.NO_NUMBER.international, phones.NO_NUMBER.is_known) == (
        "",
        "Unknown number",
        False,
    )
    assert phones.parse("+44 20 7946 0018").is_known
