"""Keys are ordered by time, also those of a history that is written afterwards."""

from datetime import UTC, datetime, timedelta

from lad.db.identifiers import as_of, uuid7

LONG_AGO = datetime(2020, 2, 29, 12, tzinfo=UTC)


def test_a_key_of_a_moment_stands_between_those_before_and_after_it() -> None:
    keys = []
    for number in range(50):
        with as_of(LONG_AGO + timedelta(milliseconds=number)):
            keys.append(uuid7())
    assert keys == sorted(keys)
    assert keys[-1] < uuid7(), "a key made now is older than one of long ago"
    assert all(key.version == 7 for key in keys)


def test_keys_of_one_moment_differ() -> None:
    with as_of(LONG_AGO):
        assert len({uuid7() for _ in range(1_000)}) == 1_000
