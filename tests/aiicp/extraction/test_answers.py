"""Whatever people write, an answer can be stored, read back, and shown beside the text."""

import random

import pytest

from aiicp.extraction import Slots, extract
from aiicp.json_schemas import ICP, SEARCH_PARAMS
from benchmarks.extraction import CORPUS, load
from lad.db.json_schema import JsonSchemaValidator

UTTERANCES = load(CORPUS)
SCRIPTS = [(32, 127), (0x600, 0x6FF), (0xA0, 0x250), (0x300, 0x370), (0x2000, 0x2100), (0xFB50, 0xFE00), (1, 0x20)]


def texts():
    """Return the corpus, its words in any order, and letters in any order. Always the same ones."""
    chance = random.Random(15)
    words = [word for each in UTTERANCES for word in each.text.split(" ")]
    yield from (each.text for each in UTTERANCES)
    for _ in range(300):
        yield " ".join(chance.choices(words, k=chance.randrange(30)))
        yield "".join(chr(chance.randrange(*chance.choice(SCRIPTS))) for _ in range(chance.randrange(80)))


def test_every_answer_can_be_stored_and_shown_beside_the_text():
    shown = 0
    for number, text in enumerate(texts()):
        found = extract(text, previous=UTTERANCES[number % len(UTTERANCES)].expected)
        for each in found.values:
            assert text[each.start : each.end] == each.text, text
            assert 0 < each.confidence <= 1
            shown += 1
        stored = found.slots.to_icp_data()
        JsonSchemaValidator(ICP)(stored)
        JsonSchemaValidator(SEARCH_PARAMS)(found.slots.to_search_params())
        assert Slots.from_icp_data(stored) == found.slots, text
    assert shown > 1_000


@pytest.mark.parametrize("text", ["0 leads", "find 0 people", "find 000"])
def test_nobody_is_not_a_number_of_people_to_find(text):
    assert extract(text).slots.limit is None
