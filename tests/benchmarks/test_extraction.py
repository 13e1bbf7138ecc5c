"""The corpus of labelled utterances holds the extractor to its figures. Speed is measured by the benchmark only."""

import json

import pytest

from benchmarks import extraction


def test_the_extractor_reads_the_corpus_as_well_as_promised():
    utterances = extraction.load(extraction.CORPUS)
    assert len(utterances) >= extraction.SMALLEST_CORPUS
    held_out = [each for each in utterances if each.held_out]
    assert len(held_out) * 10 >= len(utterances)
    whole = extraction.score(utterances)
    assert whole.f1 >= extraction.F1_AIM
    assert whole.wrong_rate <= extraction.WRONG_AIM
    assert extraction.score(held_out).f1 >= extraction.F1_AIM


def test_the_corpus_covers_industries_countries_languages_and_corrections():
    utterances = extraction.load(extraction.CORPUS)
    industries = {value for each in utterances for value in each.expected.industries}
    countries = {value for each in utterances for value in each.expected.countries}
    assert len(industries) >= 12
    assert len(countries) >= 30
    assert sum(each.previous is not None for each in utterances) >= 30
    assert sum(any("\u0600" <= letter <= "\u06ff" for letter in each.text) for each in utterances) >= 10


def test_wrong_and_missed_values_are_counted(tmp_path):
    rows = [
        {"text": "clinics in Dubai", "expected": {"industries": ["Dental"], "cities": ["Dubai, United Arab Emirates"]}},
        {"text": "also Spain", "previous": {"countries": ["France"]}, "expected": {"countries": ["France", "Spain"]}},
    ]
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    result = extraction.score(extraction.load(path))
    assert (result.right.total(), result.wrong.total(), result.missed.total()) == (2, 1, 1)
    assert result.f1 == pytest.approx(2 / 3)
    assert result.wrong_rate == pytest.approx(1 / 3)


def test_a_label_of_a_slot_that_does_not_exist_is_refused(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "x", "expected": {"colours": ["red"]}}', encoding="utf-8")
    with pytest.raises(ValueError, match="colours"):
        extraction.load(path)
