"""Ask a model what columns hold that neither their headings nor their values tell.

The model gets headings and the shapes of values, in which letters and digits are replaced: what stands in the file
stays in LAD. Its answer counts where the column can hold what it says, and no other column is taken for the same.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from aiicp.extraction.naming import place_in
from aiicp.lead_files.columns import BY_KEY
from aiicp.lead_files.files import Table
from aiicp.lead_files.mapping import CHOSEN, MODEL, NOTHING, MappedColumn, could_hold
from aiicp.lead_files.purposes import COLUMNS
from aiicp.model_questions import answered
from lad.llm import prompt_files
from lad.llm.questions import Question

MAX_TOKENS: Final = 900
MAX_ASKED: Final = 40
MAX_HEADING: Final = 100
MAX_SHAPE: Final = 40
SHAPES: Final = 3
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "columns": {
            "type": "array",
            "maxItems": MAX_ASKED,
            "items": {
                "type": "object",
                "properties": {
                    "place": {"type": "integer", "minimum": 0, "maximum": 999},
                    "key": {"type": "string", "enum": list(BY_KEY)},
                    "words": {"type": "string", "maxLength": MAX_HEADING},
                },
                "required": ["place", "key", "words"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["columns"],
    "additionalProperties": False,
}
_DIGIT: Final = re.compile(r"\d")
_SEVERAL: Final = re.compile(r"(a{3})a+")


@dataclass(frozen=True, slots=True)
class Proposed:
    """The columns with what a model knows of them. ``note`` says why it was not asked, or could not help."""

    columns: tuple[MappedColumn, ...]
    note: str = ""


def with_model(table: Table, columns: Sequence[MappedColumn], *, tenant_id: UUID) -> Proposed:
    """Return the columns, those that are taken for nothing as the tenant's model reads their headings.

    Opens its own scopes: call it outside of any transaction.
    """
    unasked = [each for each in columns if each.key == NOTHING and each.source != CHOSEN]
    unknown = [each for each in unasked if each.heading and each.samples][:MAX_ASKED]
    if not unknown:
        return Proposed(tuple(columns))
    heard = answered(question(unknown, tenant_id), read=lambda answer: read(answer, table, columns, unknown))
    return Proposed(heard.value or tuple(columns), heard.note)


def question(unknown: Sequence[MappedColumn], tenant_id: UUID) -> Question:
    """Return what is asked of the model about columns."""
    lines = [
        f"{each.place}: {each.heading[:MAX_HEADING]} ({' | '.join(shape(text) for text in each.samples[:SHAPES])})"
        for each in unknown
    ]
    kinds = "; ".join(f"{column.key} ({column.description})" for column in BY_KEY.values())
    prompt = prompt_files.render("aiicp.lead_files.columns", 1, kinds=kinds, columns="\n".join(lines))
    return Question(tenant_id, COLUMNS, prompt=prompt, schema=SCHEMA, max_tokens=MAX_TOKENS, temperature=0.0)


def read(
    answer: Mapping[str, Any], table: Table, columns: Sequence[MappedColumn], unknown: Sequence[MappedColumn]
) -> tuple[MappedColumn, ...] | None:
    """Return the columns with what holds of a model's answer, None for nothing."""
    found, asked = list(columns), {each.place: each for each in unknown}
    taken = {each.key for each in columns}
    for each in answer["columns"]:
        place, key = each["place"], each["key"]
        column = asked.get(place)
        if column is None or key in taken or found[place].key != NOTHING:
            continue
        said = place_in(each["words"], column.heading)
        if said is None or not could_hold(table, place, key):
            continue
        words = column.heading[said[0] : said[1]]
        why = f"The language model took “{words}” in its heading for {BY_KEY[key].label}."
        found[place] = replace(column, key=key, why=why, source=MODEL)
        taken.add(key)
    return tuple(found) if any(each.source == MODEL for each in found) else None


def shape(text: str) -> str:
    """Return the text with A and a for its letters and 9 for its digits, without long runs."""
    masked = "".join(("A" if each.isupper() else "a") if each.isalpha() else each for each in text)
    return _SEVERAL.sub(r"\1", _DIGIT.sub("9", masked))[:MAX_SHAPE]
