"""How requests end that their clients do not finish. Others run between their beginning and their end."""

from .conftest import UNFINISHED_BODY, UNFINISHED_HEADER, Unfinished

MAX_SECONDS = 25


def test_an_unfinished_request_ends(unfinished: list[Unfinished]) -> None:
    by_part = {each.part: each for each in unfinished}
    assert set(by_part) == {UNFINISHED_BODY, UNFINISHED_HEADER, b""}
    for each in unfinished:
        each.join(MAX_SECONDS)
        assert not each.is_alive()
        assert 0 < each.seconds < MAX_SECONDS
    assert b" 408 " in by_part[UNFINISHED_BODY].answer
