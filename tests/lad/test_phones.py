"""Phone numbers as people write them, and as the tables hold them."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as some

from lad import phones
from lad.phones import Phone


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("+971 50 123 4567", Phone("+971", 501234567)),
        ("00971501234567", Phone("+971", 501234567)),
        ("011 44 20 7946 0958", Phone("+44", 2079460958)),
        ("+1 (202) 555-0143", Phone("+1", 2025550143)),
        ("+39 06 1234 5678", Phone("+39", 612345678, 1)),
        # Without a country: the lengths the product's callers are used to.
        ("0501234567", Phone("+971", 501234567)),
        ("501234567", Phone("+971", 501234567)),
        ("09876543210", Phone("+91", 9876543210)),
        ("9876543210", Phone("+91", 9876543210)),
        ("2025550143", Phone("+1", 2025550143)),
    ],
)
def test_a_number_is_split_into_country_number_and_zeros(written: str, phone: Phone) -> None:
    assert phones.parse(written) == phone


def test_a_known_region_reads_a_local_number() -> None:
    assert phones.parse("06 1234 5678", region="IT").e164 == "+390612345678"


@pytest.mark.parametrize("written", ["", "hello", "12", "+1", "+999123", "+390000000", "call 2025550143 or else"])
def test_what_nobody_could_dial_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValidationError, match="Write it with its country"):
        phones.parse(written)


@given(some.integers(min_value=1, max_value=99_999_999), some.integers(min_value=0, max_value=3))
def test_no_leading_zero_is_lost(base_number: int, zeros: int) -> None:
    phone = Phone("+39", base_number, zeros)
    assert phone.national == "0" * zeros + str(base_number)
    assert phone.e164.endswith(phone.national)


def test_the_columns_give_back_the_number_they_were_made_from() -> None:
    for text in ("+390612345678", "+971501234567", "+12025550143"):
        assert phones.parse(text).e164 == text
        assert phones.parse(phones.parse(text).international) == phones.parse(text)
