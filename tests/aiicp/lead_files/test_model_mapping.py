"""Headings that LAD does not know are read by a model, which sees no content and decides nothing that cannot be."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import aiicp
from aiicp.lead_files.files import read_file
from aiicp.lead_files.mapping import propose
from aiicp.lead_files.model_mapping import SCHEMA, read, shape
from lad.llm import prompt_files
from lad.llm.evaluation import read_cases
from tests.aiicp.lead_files.test_importing import send
from tests.aiicp.paying import books, fund

FILE = b"Vorname;Erreichbar auf;Spitzname;Notiz Buch\nMaya;02214711;Mimi;red\nBob;02214712;Bo;blue\n"
# The sandbox's model takes the key that the text names, and words from it. Values without letters add none.
TITLES = b"First name,Title somewhere\nMaya,***\n"


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ([{"place": 1, "key": "phone", "words": "erreichbar"}], ["first_name", "phone", "", ""]),
        # Words that the heading does not have; a column that is known; a key that is taken; what the values are not.
        ([{"place": 2, "key": "last_name", "words": "Familie"}], None),
        ([{"place": 0, "key": "last_name", "words": "Vorname"}], None),
        ([{"place": 2, "key": "first_name", "words": "Spitzname"}], None),
        ([{"place": 2, "key": "email", "words": "Spitzname"}], None),
        ([{"place": 2, "key": "phone", "words": "Spitzname"}], None),
        ([{"place": 77, "key": "notes", "words": "Notiz"}], None),
        # Two columns for the same: the first counts.
        (
            [{"place": 3, "key": "notes", "words": "Notiz"}, {"place": 2, "key": "notes", "words": "Spitzname"}],
            ["first_name", "", "", "notes"],
        ),
        ([], None),
    ],
)
def test_a_models_answer_counts_where_it_can_be_true(said: list[dict[str, Any]], keys: list[str] | None) -> None:
    table = read_file(FILE)
    columns = propose(table)
    unknown = [each for each in columns if not each.key]
    assert [each.place for each in unknown] == [1, 2, 3]
    found = read({"columns": said}, table, columns, unknown)
    assert ([each.key for each in found] if found else None) == keys
    if found is not None:
        assert {each.source for each in found if each.why.startswith("The language model")} == {"model"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("Maya Haddad", "Aaaa Aaaa"), ("+971 50 123", "+999 99 999"), ("x@acme.example", "a@aaa.aaa"), ("***", "***")],
)
def test_the_model_sees_shapes_and_no_content(text: str, wanted: str) -> None:
    assert shape(text) == wanted


def test_an_upload_shows_what_the_model_proposes_and_the_import_takes_it(
    api: Any,
    member: Any,
    tenant: Any,
    connect: Any,
    priced: None,
    sandbox: Any,
) -> None:
    client = api(member)
    assert [each["key"] for each in send(client, "upload", TITLES).json()["columns"]] == ["first_name", ""]
    connect(platform=True)
    fund(tenant, "5")
    body = send(client, "upload", TITLES).json()
    assert [(each["key"], each["source"]) for each in body["columns"]] == [
        ("first_name", "embedded"),
        ("title", "model"),
    ]
    assert body["note"] == ""
    assert "in its heading for Job title" in body["columns"][1]["why"]
    [call] = sandbox.log("model_call")
    assert "Maya" not in repr(call)
    assert books(tenant)[2:] == (["charged"], 0)
    # Who chose to leave the column out is not asked about it again.
    left = send(client, "upload", TITLES, mapping='{"1": ""}').json()
    assert left["columns"][1]["source"] == "chosen"
    assert len(sandbox.log("model_call")) == 1


def test_without_credit_the_upload_is_read_all_the_same(
    api: Any,
    member: Any,
    tenant: Any,
    connect: Any,
    priced: None,
) -> None:
    connect(platform=True)
    body = send(api(member), "upload", TITLES).json()
    assert [each["key"] for each in body["columns"]] == ["first_name", ""]
    assert "no credit" in body["note"]
    assert books(tenant)[0] == Decimal(0)


def test_the_prompt_has_cases_with_its_schema() -> None:
    path = Path(aiicp.__file__).parent / "lead_files/prompts/columns.v1.cases.jsonl"
    cases = list(read_cases(path.read_text(encoding="utf-8").splitlines()))
    assert len(cases) >= 3
    for case in cases:
        assert prompt_files.get("aiicp.lead_files.columns", 1).render(case.variables).untrusted
        assert case.schema == SCHEMA
