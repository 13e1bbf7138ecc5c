"""A batch is applied together, and halved until the failing items are alone."""

from collections.abc import Sequence

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError

from lad.batches import apply_batch
from lad.tenancy.context import platform_context
from tenants.features.models import FeatureKillSwitch


def write(numbers: Sequence[int]) -> None:
    """Write one row per number. A number that is a multiple of 10 fails after its rows were written."""
    FeatureKillSwitch.objects.bulk_create(FeatureKillSwitch(feature_key=f"n{number}") for number in numbers)
    if bad := [number for number in numbers if number % 10 == 0]:
        raise ValueError(f"bad numbers: {bad}")


def written() -> set[str]:
    return set(FeatureKillSwitch.objects.values_list("feature_key", flat=True))


@pytest.mark.django_db
def test_only_the_failing_items_fail_and_leave_nothing_behind() -> None:
    with platform_context():
        outcome = apply_batch(range(1, 26), write)
        assert [(failure.item, str(failure.error)) for failure in outcome.failed] == [
            (10, "bad numbers: [10]"),
            (20, "bad numbers: [20]"),
        ]
        assert sorted(outcome.done) == [number for number in range(1, 26) if number not in (10, 20)]
        assert written() == {f"n{number}" for number in outcome.done}


@pytest.mark.django_db
def test_items_after_a_failed_one_of_the_same_key_are_skipped() -> None:
    with platform_context():
        outcome = apply_batch([9, 10, 11, 12, 13, 14], write, order_key=lambda number: number % 2)
    assert [failure.item for failure in outcome.failed] == [10]
    assert outcome.done == [9, 11, 13]


@pytest.mark.django_db
def test_an_error_that_is_not_an_items_fault_is_raised_at_once() -> None:
    calls: list[int] = []

    def fail(numbers: Sequence[int]) -> None:
        calls.append(len(numbers))
        raise IntegrityError if len(calls) == 1 else SoftTimeLimitExceeded

    with platform_context(), pytest.raises(IntegrityError):
        apply_batch(range(4), fail, reraise=(IntegrityError,))
    with platform_context(), pytest.raises(SoftTimeLimitExceeded):
        apply_batch(range(4), fail)
    assert calls == [4, 4]


def test_parts_with_a_transaction_of_their_own_need_no_outer_one() -> None:
    def fail_beside_others(numbers: Sequence[int]) -> None:
        if 3 in numbers:
            raise ValueError

    outcome = apply_batch([1, 2, 3, 4], fail_beside_others, own_transaction=True)
    assert (outcome.done, [failure.item for failure in outcome.failed]) == ([1, 2, 4], [3])
