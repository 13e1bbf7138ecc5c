"""Answers that the gazetteers do not know are read by a model: checked, confirmed, paid, replaced on failure."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import aiicp
from aiicp.wizard.classifiers import classify
from aiicp.wizard.model_reading import CLASSIFYING, FITTING, read, schema_of
from aiicp.wizard.questions import Kind
from lad.llm import prompt_files
from lad.llm.evaluation import read_cases
from tests.aiicp.paying import COMPLETION, PROMPT, books, fund, used
from tests.aiicp.wizard.test_sessions import URL, answer, begin, row, said_in

# No gazetteer knows it. The sandbox's model takes its words from the text, and “keywords” for a keyword.
UNKNOWN = "Zorbing keywords"


def value(slot: str, name: str, words: str, *, excluded: bool = False) -> dict[str, Any]:
    return {"slot": slot, "name": name, "excluded": excluded, "words": words}


READ: list[tuple[Kind, str, list[dict[str, Any]], dict[str, tuple[str, ...]] | None]] = [
    (
        Kind.INDUSTRY,
        "people who fix tooth trouble",
        [value("industries", "clinics", "tooth trouble")],
        {"industries": ("Hospitals & clinics",)},
    ),
    # An industry that nobody knows, and one whose words the answer does not have.
    (Kind.INDUSTRY, "people who fix tooth trouble", [value("industries", "Toothfixing", "tooth trouble")], None),
    (Kind.INDUSTRY, "people who fix tooth trouble", [value("industries", "clinics", "hospital")], None),
    # Keywords are the writer's own, word by word.
    (Kind.INDUSTRY, "zorbing halls", [value("keywords", "zorbing halls", "Zorbing")], {"keywords": ("zorbing halls",)}),
    (Kind.INDUSTRY, "zorbing halls", [value("keywords", "bubble football", "zorbing")], None),
    # What is not wanted is kept apart, and is no answer alone.
    (
        Kind.LOCATION,
        "where the Eiffel tower stands, nothing near the Thames",
        [value("cities", "Paris, France", "Eiffel tower"), value("cities", "London", "Thames", excluded=True)],
        {"cities": ("Paris, France",), "excluded_cities": ("London, United Kingdom",)},
    ),
    (Kind.LOCATION, "nothing near the Thames", [value("cities", "London", "Thames", excluded=True)], None),
    # A place in the wrong slot is none.
    (Kind.LOCATION, "where the Eiffel tower stands", [value("countries", "Paris", "Eiffel tower")], None),
    (
        Kind.DECISION_MAKER,
        "whoever signs cheques",
        [value("titles", "CFO", "signs cheques")],
        {"titles": ("CFO",)},
    ),
    (Kind.DECISION_MAKER, "whoever signs cheques", [value("titles", "Grand Wizard", "signs cheques")], None),
    (Kind.DECISION_MAKER, "whoever signs cheques", [], None),
]


@pytest.mark.parametrize(("kind", "text", "values", "slots"), READ)
def test_only_what_the_vocabularies_or_the_answer_itself_know_is_taken(
    kind: Kind, text: str, values: list[dict[str, Any]], slots: dict[str, tuple[str, ...]] | None
) -> None:
    found = read({"values": values}, classify(kind, text))
    assert (dict(found.slots) if found else None) == slots
    if found is not None:
        assert found.source == "model"
        assert not found.is_sure
        assert set(found.words) == {name for names in found.slots.values() for name in names}
        assert all(words.lower() in text.lower() for words in found.words.values())


def test_what_the_gazetteers_are_sure_of_stays() -> None:
    embedded = classify(Kind.LOCATION, "Dubai and Frnace")
    assert embedded.unsure == ("France",)
    found = read({"values": [value("countries", "Italy", "Frnace")]}, embedded)
    assert found is not None
    assert found.values == ("Dubai, United Arab Emirates", "Italy")
    assert found.words == {"Dubai, United Arab Emirates": "Dubai", "Italy": "Frnace"}
    assert found.unsure == ("Italy",)


def test_a_model_reads_what_nobody_knows_and_the_user_confirms_it(
    api: Any,
    member: Any,
    tenant: Any,
    connect: Any,
    priced: None,
    sandbox: Any,
) -> None:
    connect(platform=True)
    fund(tenant, "5")
    client = api(member)
    key = begin(client)["conversation"]
    shown = answer(client, key, UNKNOWN)
    found = shown["classification"]
    assert (found["source"], found["note"], shown["clarification_needed"]) == ("model", "", True)
    assert found["evidence"]
    assert all(each["words"] in UNKNOWN for each in found["evidence"])
    assert shown["question"]["question"] == f"Did you mean {found['value']}?"
    assert row(key).metadata["wizard"]["pending"]["source"] == "model"
    inputs, outputs = used(tenant)
    assert books(tenant) == (round(inputs * PROMPT, 6) + round(outputs * COMPLETION, 6), Decimal(0), ["charged"], 0)
    # Yes, and what the gazetteers know, ask nobody.
    assert answer(client, key, "yes")["question"]["step_index"] == 2
    assert answer(client, key, "Dubai")["question"]["step_index"] == 3
    assert len(sandbox.log("model_call")) == 1
    assert row(key).metadata["wizard"]["answers"]["icp_industries"]["source"] == "model"
    assert row(key).icp_data["keywords"] == found["values"]


@pytest.mark.parametrize("model", ["sandbox-refuses", "sandbox-broken", "sandbox-invalid-json"])
def test_a_model_that_fails_costs_nothing_and_the_embedded_reading_says_so(
    api: Any,
    member: Any,
    tenant: Any,
    connect: Any,
    priced: None,
    model: str,
) -> None:
    connect(model, platform=True)
    fund(tenant, "5")
    client = api(member)
    key = begin(client)["conversation"]
    shown = answer(client, key, UNKNOWN)
    assert (shown["classification"]["source"], shown["classification"]["value"]) == ("embedded", UNKNOWN)
    assert shown["classification"]["note"]
    assert shown["classification"]["note"] in shown["message"]
    assert said_in(key)[-1][1].startswith(shown["message"])
    assert books(tenant) == (Decimal(0), Decimal(0), ["voided"], 0)


def test_without_credit_no_model_is_asked_and_the_wizard_says_so(
    api: Any,
    member: Any,
    tenant: Any,
    connect: Any,
    priced: None,
    sandbox: Any,
) -> None:
    connect(platform=True)
    client = api(member)
    shown = answer(client, begin(client)["conversation"], UNKNOWN)
    assert "no credit" in shown["message"]
    assert shown["classification"]["source"] == "embedded"
    assert sandbox.log("model_call") == []
    assert books(tenant)[0] == 0


def test_an_answer_that_nobody_takes_any_more_costs_nothing(
    api: Any,
    member: Any,
    tenant: Any,
    connect: Any,
    priced: None,
    monkeypatch: Any,
) -> None:
    connect(platform=True)
    fund(tenant, "5")
    client = api(member)
    key = begin(client)["conversation"]
    from aiicp.wizard import model_reading

    ask = model_reading.ask_about

    def ask_while_somebody_answers(found: Any, *, tenant_id: Any) -> Any:
        heard = ask(found, tenant_id=tenant_id)
        monkeypatch.setattr(model_reading, "ask_about", ask)
        answer(client, key, "clinics")
        answer(client, key, "Dubai")
        answer(client, key, "CEO")
        return heard

    monkeypatch.setattr(model_reading, "ask_about", ask_while_somebody_answers)
    shown = answer(client, key, UNKNOWN)
    assert shown["question"]["intent_key"] == "selected_platforms"
    assert books(tenant) == (Decimal(0), Decimal(0), ["voided"], 0)


def test_classifying_and_suggesting_store_nothing_and_name_their_source(
    api: Any,
    member: Any,
    tenant: Any,
    connect: Any,
    priced: None,
    sandbox: Any,
) -> None:
    client = api(member)
    selling = "We make booking software for clinics in Dubai."
    body = {"kind": "industry", "selling": selling}
    embedded = client.post(f"{URL}fitting/", body, format="json").json()
    assert embedded["suggestions"][0] == {"value": "Hospitals & clinics", "words": "clinics"}
    assert (embedded["source"], embedded["note"]) == ("embedded", "")
    assert len(embedded["suggestions"]) > 3
    connect(platform=True)
    fund(tenant, "5")
    known = client.post(f"{URL}classify/", {"kind": "industry", "text": "clinics"}, format="json").json()
    assert (known["source"], sandbox.log("model_call")) == ("embedded", [])
    found = client.post(f"{URL}classify/", {"kind": "industry", "text": UNKNOWN}, format="json").json()
    assert found["source"] == "model"
    shown = client.post(f"{URL}fitting/", body, format="json").json()
    assert shown["suggestions"]
    assert len(sandbox.log("model_call")) == 2
    assert books(tenant)[3] == 0


@pytest.mark.parametrize(
    ("file", "kinds", "fields"),
    [("wizard/prompts/classify.v1", tuple(Kind), CLASSIFYING), ("wizard/prompts/fitting.v1", tuple(Kind), FITTING)],
)
def test_each_prompt_has_cases_with_the_schemas_that_are_asked_for(
    file: str, kinds: tuple[Kind, ...], fields: tuple[str, ...]
) -> None:
    path = Path(aiicp.__file__).parent / f"{file}.cases.jsonl"
    cases = list(read_cases(path.read_text(encoding="utf-8").splitlines()))
    assert len(cases) >= 3
    schemas = [schema_of(kind, fields) for kind in kinds]
    name = f"aiicp.{file.split('/')[0]}.{file.split('/')[-1].partition('.')[0]}"
    for case in cases:
        assert prompt_files.get(name, 1).render(case.variables).untrusted
        assert case.schema in schemas
        assert case.expect or case.contains
