"""JSON in the ways that models write it."""

import pytest

from lad.llm.schemas import AnswerSchema, NotValid, strict
from tests.lad.llm.conftest import COMPANY

VALUE = {"industry": "retail", "city": "Oslo", "employees": 3}
JSON = '{"industry": "retail", "city": "Oslo", "employees": 3}'


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"\n {JSON}\n",
        f"```json\n{JSON}\n```",
        f"```\n{JSON}\n```\n",
        f"Sure! Here it is:\n{JSON}\nAnything else?",
    ],
)
def test_json_is_found_in_what_a_model_says(text: str) -> None:
    assert AnswerSchema(COMPANY).read(text) == VALUE


@pytest.mark.parametrize(
    "text", ["", "```", "``````", "{", "}{", "null", "[]", JSON[:-1], f"{JSON} {JSON}", '{"city": "Oslo"}']
)
def test_anything_else_is_not_valid(text: str) -> None:
    with pytest.raises(NotValid):
        AnswerSchema(COMPANY).read(text)


class Company:
    """Has what pydantic's models have."""

    def __init__(self, city: str) -> None:
        self.city = city

    @classmethod
    def model_json_schema(cls) -> dict[str, object]:
        return {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

    @classmethod
    def model_validate(cls, obj: dict[str, str]) -> "Company":
        if obj["city"].islower():
            raise ValueError("a city begins with a capital letter")
        return cls(obj["city"])


def test_a_class_with_a_schema_gives_its_own_instances() -> None:
    schema = AnswerSchema(Company)
    found = schema.read('{"city": "Oslo"}')
    assert isinstance(found, Company)
    assert found.city == "Oslo"
    for text in ('{"city": 1}', '{"city": "oslo"}'):
        with pytest.raises(NotValid):
            schema.read(text)


@pytest.mark.parametrize(
    ("changes", "enforced"), [({}, True), ({"required": []}, False), ({"additionalProperties": True}, False)]
)
def test_only_a_closed_schema_is_enforced_strictly(changes: dict[str, object], enforced: bool) -> None:
    assert (strict({**COMPANY, **changes}) is not None) is enforced
