"""The lists of guards say where each stands, and what notices its loss."""

import pytest

from benchmarks.guards import ROOT, Guard, guards


@pytest.mark.parametrize("guard", guards(), ids=lambda guard: guard.name)
def test_a_guard_stands_once_where_its_list_says_and_its_tests_exist(guard: Guard) -> None:
    assert (ROOT / guard.file).read_text().count(guard.find) == 1
    assert guard.put != guard.find
    assert guard.tests
    for test in guard.tests:
        assert (ROOT / test.partition("::")[0]).exists(), test
