"""Put many addresses on the do-not-contact list: read a file, say what was understood, and write it."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError

from lad import writes
from lad.errors import Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from lad.tenancy.countries import country_of
from lad.types import Actor
from lad.xlsx import SIGNATURE, NotAWorkbook, rows_of_workbook
from leads.contactability.addresses import Address, Kind, recognise
from leads.contactability.models import ALL_CHANNELS, Suppression
from leads.contactability.services.suppressing import Entry, NewSuppression, insert_entries

MAX_ROWS: Final = 250_000
ROWS_PER_STATEMENT: Final = 5_000
# Names of the column with the address, in lower case. The first that a file has is read.
COLUMNS: Final = (
    "address",
    "email address",
    "e-mail address",
    "email",
    "e-mail",
    "mail",
    "phone",
    "phone number",
    "telephone",
    "number",
    "domain",
    "linkedin",
    "linkedin url",
)
KINDS: Final = {
    Kind.EMAIL: "E-mail addresses",
    Kind.PHONE: "Telephone numbers",
    Kind.LINKEDIN: "LinkedIn pages",
    Kind.PROFILE: "Instagram and Facebook pages",
    Kind.DOMAIN: "Companies",
}
_PLAIN_EMAIL: Final = re.compile(r"[a-z0-9][a-z0-9._+-]{0,62}[a-z0-9]@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.){1,5}[a-z]{2,24}")
_ENCODINGS: Final = ("utf-8-sig", "cp1252")
# Spreadsheets put one in front of what they would read as a formula, such as +971 50.
APOSTROPHE: Final = "'"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class TooManyRows(Invalid):
    """The file has too many rows. Split it and import the parts one after the other."""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row: its number in the file, what was written, and the address or what is wrong with it."""

    number: int
    text: str
    address: Address | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """A dry run of an import."""

    understood: Sequence[tuple[str, int]]
    new: int
    listed: int
    repeated: int
    problems: Sequence[ReadRow]
    lines: int = 0


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The outcome of an import. ``verdicts`` are ``added``, ``listed``, ``repeated`` or ``invalid``, by row."""

    verdicts: Sequence[str]

    def count(self, verdict: str) -> int:
        return sum(each == verdict for each in self.verdicts)


def rows_of_file(content: bytes) -> list[tuple[int, str]]:
    """Return the addresses of a CSV file or an Excel workbook with the numbers of their lines, as they are written.

    Separators and encodings of the common spreadsheets are understood, and a heading if there is one. Raises Invalid
    for what is neither, and TooManyRows.
    """
    rows: list[tuple[int, str]] = []
    column: int | None = None
    for number, cells in lines_of_file(content):
        written = [cell.strip().lstrip(APOSTROPHE).strip() for cell in cells]
        if column is None:
            names = [cell.lower() for cell in written]
            column = next((names.index(name) for name in COLUMNS if name in names), -1)
            if column >= 0:
                continue
        text = _cell(written, column)
        if text:
            rows.append((number, text))
        if len(rows) > MAX_ROWS:
            raise TooManyRows(f"The file has more than {MAX_ROWS:,} rows. Split it and import one part at a time.")
    if not rows:
        raise Invalid("The file has no addresses. Put them into one column, with the heading “address”.")
    return rows


def lines_of_file(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the cells of each row of a CSV file or an Excel workbook, with the number of its line.

    Separators and encodings of the common spreadsheets are understood. Raises Invalid, also while rows are read.
    """
    try:
        yield from rows_of_workbook(content) if content.startswith(SIGNATURE) else _csv_lines(_decoded(content))
    except csv.Error as error:
        raise Invalid("The file is no CSV file that can be read. Save it as CSV (UTF-8) and try again.") from error
    except NotAWorkbook as error:
        raise Invalid("The file is no Excel workbook that can be read. Save it as CSV (UTF-8) instead.") from error


def read_rows(rows: Iterable[tuple[int, str]], *, tenant_id: UUID) -> list[ReadRow]:
    """Return what each row means. Numbers without a country code are read in the tenant's country."""
    country = country_of(tenant_id)
    return [_read_row(number, text, country) for number, text in rows]


def preview_import(rows: Sequence[ReadRow], *, channel: str) -> ImportPreview:
    """Return what an import of the rows into the current tenant's list would do."""
    tenant_id = current_tenant_id()
    counts = Counter(row.address.kind for row in rows if row.address)
    distinct = dict.fromkeys(row.address for row in rows if row.address)
    listed = _listed(tenant_id, distinct, channel)
    return ImportPreview(
        understood=[(label, counts[kind]) for kind, label in KINDS.items() if counts[kind]],
        new=len(distinct) - len(listed),
        listed=len(listed),
        repeated=counts.total() - len(distinct),
        problems=[row for row in rows if row.address is None],
        lines=len(rows),
    )


@writes.in_transaction
def import_rows(
    rows: Sequence[ReadRow],
    *,
    channel: str,
    reason: str,
    source: str = "",
    actor: Actor = None,
    dry_run: bool = False,
) -> ImportResult:
    """Put all understood addresses on the current tenant's list and return what became of each row.

    What is listed for all channels already stays as it is. Emits ``leads.suppression.imported`` once, and no event
    for each entry. With ``dry_run`` nothing is written.
    """
    tenant_id = current_tenant_id()
    distinct = dict.fromkeys(row.address for row in rows if row.address)
    listed = _listed(tenant_id, distinct, channel)
    wish = NewSuppression(channel, reason, source=source)
    new = [address for address in distinct if address not in listed]
    if dry_run:
        return ImportResult(list(_verdicts(rows, set(new))))
    entries = [Entry(wish, address) for address in new]
    added: set[Address] = set()
    for start in range(0, len(entries), ROWS_PER_STATEMENT):
        added |= insert_entries(tenant_id, entries[start : start + ROWS_PER_STATEMENT], actor)
    if added:
        payload = {"count": len(added), "channel": channel, "reason": reason}
        emit("leads.suppression.imported", payload=payload, actor=actor)
    return ImportResult(list(_verdicts(rows, added)))


def _verdicts(rows: Sequence[ReadRow], added: set[Address]) -> Iterator[str]:
    seen: set[Address] = set()
    for row in rows:
        if row.address is None:
            yield "invalid"
            continue
        yield "repeated" if row.address in seen else "added" if row.address in added else "listed"
        seen.add(row.address)


def _listed(tenant_id: UUID, addresses: Iterable[Address], channel: str) -> set[Address]:
    """Return the addresses that are listed for good on the channel or on all."""
    by_hash = {each: address for address in addresses for each in address.hashes(tenant_id)}
    hashes, found = list(by_hash), set[Address]()
    rows = Suppression.objects.filter(tenant=tenant_id, channel__in=[channel, ALL_CHANNELS], expires_at=None)
    for start in range(0, len(hashes), ROWS_PER_STATEMENT):
        some = rows.filter(address_hash__in=hashes[start : start + ROWS_PER_STATEMENT])
        found |= {by_hash[each] for each in some.values_list("address_hash", flat=True)}
    return found


def _read_row(number: int, text: str, country: str) -> ReadRow:
    plain = text.strip().lower()
    if _PLAIN_EMAIL.fullmatch(plain) and ".." not in plain and "xn--" not in plain:
        return ReadRow(number, text, Address(Kind.EMAIL, plain))
    try:
        return ReadRow(number, text, recognise(text, country=country))
    except ValidationError as error:
        return ReadRow(number, text[:200], None, " ".join(error.messages))


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    separator = max(",;\t", key=text[:10_000].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for cells in reader:
        yield reader.line_num, cells


def _cell(cells: Sequence[str], column: int) -> str:
    if column < 0:
        return next((cell for cell in cells if cell), "")
    return cells[column] if column < len(cells) else ""


def _decoded(content: bytes) -> str:
    for encoding in ("utf-16",) if content.startswith(_UTF_16) else _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Invalid("The file is no text. Save it as CSV (UTF-8) and try again.")
