"""Read a file of people to call: who is in which column, and what the other columns tell the agent."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lad.errors import Invalid
from lad.spreadsheets import plain_text
from leads.contactability.services import lines_of_file
from voice.batches.services.targets import Target

MAX_ROWS: Final = 250_000
MAX_BYTES: Final = 25 * 1024 * 1024
EXTENSIONS: Final = ("csv", "txt", "xlsx")
MAX_VARIABLES: Final = 50
MAX_VARIABLE: Final = 2_000
MAX_CONTEXT: Final = 20_000
MAX_NAME: Final = 255
MAX_PHONE: Final = 100

PHONE, NAME, FIRST_NAME, LAST_NAME, CONTEXT = "phone", "name", "first_name", "last_name", "context"
ROLES: Final = (PHONE, NAME, FIRST_NAME, LAST_NAME, CONTEXT)
# Headings by what their column holds, as ``_key`` writes them. The first column that matches is taken.
HEADINGS: Final[Mapping[str, Sequence[str]]] = {
    PHONE: (
        "phone",
        "phone_number",
        "to_number",
        "to_phone",
        "mobile",
        "mobile_number",
        "mobile_phone",
        "telephone",
        "tel",
        "cell",
        "contact_number",
        "number",
        "telefon",
        "telefono",
        "telephone_number",
        "whatsapp",
    ),
    NAME: ("name", "full_name", "lead_name", "contact_name", "contact"),
    FIRST_NAME: ("first_name", "firstname", "given_name", "vorname", "nombre", "prenom"),
    LAST_NAME: ("last_name", "lastname", "surname", "family_name", "nachname", "apellido", "nom"),
    CONTEXT: ("context", "added_context", "notes", "note", "comment"),
}
_NOT_A_KEY: Final = re.compile(r"[^a-z0-9]+")
NO_PHONE_COLUMN: Final = (
    "The file has no column with telephone numbers. Give one the heading “phone”, or say which it is. Its headings are:"
    " {headings}."
)


class NoPhoneColumn(Invalid):
    """The file has no column with telephone numbers. Give one the heading “phone”, or say which it is."""

    code = "no_phone_column"


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """The people of a file, each with the number of their line, and how its columns were understood.

    ``columns`` are the headings by what they hold. ``variables`` are the names under which the agent's prompt finds the
    other columns, by their headings.
    """

    people: Sequence[tuple[int, Target]] = field(repr=False)
    columns: Mapping[str, str]
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Layout:
    places: Mapping[str, int]
    variables: Mapping[int, str]
    headings: Sequence[str]


def read_people(content: bytes, *, columns: Mapping[str, str] | None = None) -> PeopleFile:
    """Return the people of a CSV file or an Excel workbook. Its first row holds the headings.

    ``columns`` names the heading of a role where it is not one of the usual ones. Every other column with a heading is
    a variable of the agent's prompt: “Team size” is ``team_size``. Rows without any text are left out. Raises Invalid
    and NoPhoneColumn.
    """
    lines = _lines(content)
    first = next(lines, None)
    if first is None:
        raise Invalid("The file is empty. Put the headings into its first row and one person into each other.")
    layout = _layout(first[1], columns or {})
    people: list[tuple[int, Target]] = []
    for number, cells in lines:
        if len(people) >= MAX_ROWS:
            raise Invalid(f"The file has more than {MAX_ROWS:,} rows. Split it and send one part at a time.")
        people.append((number, _person(cells, layout)))
    if not people:
        raise Invalid("The file has headings and nobody below them.")
    return PeopleFile(
        people,
        {role: layout.headings[place] for role, place in layout.places.items()},
        {layout.headings[place]: name for place, name in layout.variables.items()},
    )


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    for number, cells in lines_of_file(content):
        written = [plain_text(cell.replace("\x00", "").strip()) for cell in cells]
        if any(written):
            yield number, written


def _layout(headings: Sequence[str], chosen: Mapping[str, str]) -> _Layout:
    keys = [_key(heading) for heading in headings]
    places: dict[str, int] = {}
    for role in ROLES:
        wanted = [_key(chosen[role])] if role in chosen else HEADINGS[role]
        found = next((keys.index(name) for name in wanted if name in keys), None)
        if found is not None and found not in places.values():
            places[role] = found
        elif role in chosen:
            raise Invalid(errors={"columns": [f"The file has no column “{chosen[role]}”."]})
    if PHONE not in places:
        raise NoPhoneColumn(NO_PHONE_COLUMN.format(headings=", ".join(filter(None, headings))))
    variables: dict[int, str] = {}
    for place, key in enumerate(keys):
        if place not in places.values() and key and len(variables) < MAX_VARIABLES:
            variables[place] = _unused(key, variables.values())
    return _Layout(places, variables, headings)


def _person(cells: Sequence[str], layout: _Layout) -> Target:
    def cell(role: str) -> str:
        place = layout.places.get(role)
        return cells[place] if place is not None and place < len(cells) else ""

    name = cell(NAME) or " ".join(filter(None, [cell(FIRST_NAME), cell(LAST_NAME)]))
    variables = {
        key: cells[place][:MAX_VARIABLE]
        for place, key in layout.variables.items()
        if place < len(cells) and cells[place]
    }
    return Target(None, cell(PHONE)[:MAX_PHONE], name[:MAX_NAME], cell(CONTEXT)[:MAX_CONTEXT], variables)


def _key(heading: str) -> str:
    """Return a heading as the name of a variable, or an empty string for one without a letter or digit."""
    key = _NOT_A_KEY.sub("_", heading.strip().lower()).strip("_")[:50].strip("_")
    return f"column_{key}"[:50] if key[:1].isdecimal() else key


def _unused(key: str, taken: Collection[str]) -> str:
    name, number = key, 2
    while name in taken:
        name = f"{key[:47]}_{number}"
        number += 1
    return name
