"""People whom the chaos of calls invents, wherever it is day when it begins."""

import phonenumbers
import pytest

from benchmarks.calling_world import PLACES, phone_of


@pytest.mark.parametrize(("zone", "begins", "digits"), PLACES)
def test_every_person_of_a_place_has_a_number_that_exists(zone: str, begins: str, digits: int) -> None:
    numbers = {phone_of(begins, digits, tenant, number) for tenant in range(4) for number in (0, 1, 999, 4_999)}
    assert len(numbers) == 16
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(each)) for each in numbers)
