"""Every regular expression that meets outside text takes linear time: 100,000 hostile characters cost little."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from lad.observability import MASK, mask_text
from tests.support import patterns, slow_functions
from tests.support.hostile_texts import LENGTH, hostile_texts

ROOT = Path(__file__).resolve().parents[3]
# Ten times what all of them take together.
HARD_LIMIT_SECONDS = 600
# PostgreSQL needs some milliseconds for each.
STATEMENT_TIMEOUT_MS = 3_000


def test_no_pattern_and_no_parser_is_slow_with_100_000_hostile_characters() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.patterns"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HARD_LIMIT_SECONDS, check=True)
    found = json.loads(run.stdout)
    assert found["slow"] == {}
    # The walk finds patterns of modules, of validators and of JSON Schemas.
    names = " ".join(found["patterns"])
    for known in ("lexing._SPIN_MARK", "observability.SECRET_VALUE", "capitals and digits", ".rule.pattern"):
        assert known in names


def test_patterns_are_named_at_the_top_of_a_module_where_the_walk_finds_them() -> None:
    assert patterns.unnamed_patterns() == []


@pytest.mark.parametrize(
    "slow",
    [
        r"\{\{\s*([^{}]*?)\s*\}\}",
        r"eyJ[\w-]+\.[\w-]+\.[\w-]+",
        r"(a+)+$",
        r"\s+$",
        r"^(?:Date|Content-Disposition): (\w+\s?)*$",
        r"^v?\d+(?:-x)?=(?:b+)+,$",
    ],
)
def test_a_pattern_that_backtracks_is_found(slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_functions, "MAX_SECONDS_FOR_A_PATTERN", 1)
    runs = {each: (slow_functions.search_all(re.compile(each)), hostile_texts(each)) for each in (slow, "a", "ab?c")}
    assert set(slow_functions.too_slow(runs)) == {slow}


@pytest.mark.django_db
def test_no_pattern_in_sql_is_slow_with_100_000_hostile_characters() -> None:
    found = patterns.sql_patterns()
    assert {"constraint lead_stages_key_valid", "lad/outbox/monitoring.py 0"} <= set(found)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
        for pattern in sorted(set(found.values())):
            for text in hostile_texts(pattern, pairs=False):
                stored = text.of(LENGTH).replace("\0", "\x01")
                cursor.execute("SELECT regexp_replace(%s, %s, '', 'g') = '' OR %s ~ %s", [stored, pattern] * 2)


def test_tokens_are_masked_wherever_they_stand() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    short = "eyJh.eyJz.c2ln"
    assert mask_text(f"path /a/{token}/b x{token} ({short})") == f"path /a/{MASK}/b x{MASK} ({MASK})"
    assert mask_text("Bearer abc.def") == MASK
    assert mask_text("the keyjournal of eyJ.x") == "the keyjournal of eyJ.x"
