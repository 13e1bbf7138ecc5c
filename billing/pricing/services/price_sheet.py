"""Export the price list as CSV, and import such a file as new prices and new versions.

An import applies the sheet line by line and rolls everything back unless it is confirmed and no line was
refused. The preview is therefore exactly what the import does.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from io import StringIO
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from billing import money
from billing.pricing.models import COMPONENT, TIERED, Price, PriceCategory, PriceScheme
from billing.pricing.services import locks, prices
from billing.pricing.services.prices import PriceTerms
from billing.pricing.services.quoting import SINGULAR
from billing.units import PriceUnit
from lad import moments, writes
from lad.errors import DomainError, Invalid
from lad.spreadsheets import BYTE_ORDER_MARK, csv_lines, plain_text
from lad.tenancy.context import platform_context
from lad.types import Actor
from tenants.teams.models import Tenant

PERIOD_FIELDS: Final = ("effective_from", "effective_to")
COLUMNS: Final = ("tenant", *COMPONENT, *prices.TERM_FIELDS, "description", *PERIOD_FIELDS)
REQUIRED_COLUMNS: Final = (*COMPONENT, "unit_price")
MAX_LINES: Final = 1_000
MAX_CHARACTERS: Final = 1_000_000

PriceKey = tuple[str, ...]


class LineOutcome(StrEnum):
    """The effect of a line of the sheet."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the sheet: its number, its component, what it does, and the details or the reason."""

    number: int
    component: str
    outcome: LineOutcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SheetResult:
    """The effect of a sheet, and whether it was applied."""

    lines: list[SheetLine] = field(default_factory=list)
    done: bool = False

    def count(self, outcome: LineOutcome) -> int:
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def acceptable(self) -> bool:
        """Return whether the sheet changes something and no line is refused."""
        return not self.count(LineOutcome.REFUSED) and self.count(LineOutcome.UNCHANGED) < len(self.lines)


class _Rollback(Exception):
    """Rolls back the transaction of a sheet that is not applied."""


def prices_to_export(now: datetime) -> Iterable[Price]:
    """Return the prices in force and the future ones, common prices first."""
    current = Q(is_active=True) & (Q(effective_to__isnull=True) | Q(effective_to__gt=now))
    rows: Iterable[Price] = (
        Price.objects.filter(current).select_related("tenant").order_by("tenant__slug", *COMPONENT, "effective_from")
    )
    return sorted(rows, key=lambda row: (row.tenant_id is not None, row.tenant.slug if row.tenant else ""))


def to_csv(rows: Iterable[Price]) -> str:
    """Return the prices as a sheet that ``import_csv`` finds unchanged."""
    return "".join(csv_lines([COLUMNS, *map(_cells, rows)]))


def _cells(row: Price) -> list[object]:
    values = {
        "tenant": row.tenant.slug if row.tenant else "",
        "unit_price": money.plain(row.unit_price),
        "package_size": money.plain(row.package_size) if row.package_size else "",
        "tiers": json.dumps(row.tiers, separators=(",", ":")) if row.tiers else "",
    }
    return [values[name] if name in values else getattr(row, name) for name in COLUMNS]


def import_csv(text: str, *, confirmed: bool = False, actor: Actor = None) -> SheetResult:
    """Return what the sheet adds and changes, and with ``confirmed`` apply all of it or nothing.

    A line without ``effective_from`` applies from now on. A line whose component already has a price then
    ends that price. Runs as the platform, over all tenants. Raises Invalid if the text is not a price sheet.
    """
    records = _records(text)
    result = SheetResult()
    try:
        with platform_context(user_id=actor.pk if actor else None):
            locks.lock_price_list()
            result = SheetResult(_SheetReader(records, actor).lines(), done=confirmed)
            if not (confirmed and result.acceptable):
                raise _Rollback
    except _Rollback:
        return SheetResult(result.lines)
    return result


class _SheetReader:
    """Applies the lines of one sheet to the existing prices."""

    def __init__(self, records: list[tuple[int, dict[str, str]]], actor: Actor) -> None:
        self.records, self.actor, self.now = records, actor, timezone.now()
        slugs = {record["tenant"] for _number, record in records} - {""}
        self.tenants: dict[str, Tenant | None] = {
            "": None,
            **{tenant.slug: tenant for tenant in Tenant.objects.filter(slug__in=slugs)},
        }
        self.prices: dict[PriceKey, list[Price]] = {}
        models = {record["model"] for _number, record in records}
        for row in Price.objects.filter(is_active=True, model__in=models).select_related("tenant"):
            self.prices.setdefault((row.tenant.slug if row.tenant else "", *row.key), []).append(row)
        self.seen: dict[tuple[PriceKey, datetime | None], int] = {}

    def lines(self) -> list[SheetLine]:
        return [self._line(number, record) for number, record in self.records]

    def _line(self, number: int, record: dict[str, str]) -> SheetLine:
        component = " · ".join((record["tenant"] or "everybody", *(record[name] for name in COMPONENT)))
        try:
            with transaction.atomic():
                outcome, detail = self._apply(number, record)
        except DomainError as error:
            return SheetLine(number, component, LineOutcome.REFUSED, _describe_error(error))
        return SheetLine(number, component, outcome, detail)

    def _apply(self, number: int, record: dict[str, str]) -> tuple[LineOutcome, str]:
        if record["tenant"] not in self.tenants:
            raise Invalid(errors={"tenant": [f"There is no tenant {record['tenant']}."]})
        terms, since, until = _terms(record), _moment(record, "effective_from"), _moment(record, "effective_to")
        key = (record["tenant"], *(record[name] for name in COMPONENT))
        before = self.seen.setdefault((key, since), number)
        if before != number:
            raise Invalid(f"Line {before} already prices this component from the same time.")
        tenant = self.tenants[record["tenant"]]
        with platform_context(tenant_id=tenant.pk if tenant else None):
            return self._price(key, terms, since, until, record)

    def _price(
        self,
        key: PriceKey,
        terms: PriceTerms,
        since: datetime | None,
        until: datetime | None,
        record: Mapping[str, str],
    ) -> tuple[LineOutcome, str]:
        rows = self.prices.setdefault(key, [])
        row = next((row for row in rows if row.effective_from == since), None)
        holding = row or next((row for row in rows if row.is_in_force_at(since or self.now)), None)
        description = record.get("description")
        if holding is None:
            period = {
                "effective_from": since or self.now,
                "effective_to": until,
                "description": description or "",
            }
            component = {"tenant": self.tenants[key[0]], **dict(zip(COMPONENT, key[1:], strict=True))}
            new = writes.create(Price, {**component, **terms.values(), **period}, actor=self.actor)
            rows.append(new)
            return LineOutcome.ADDED, f"{new.formatted_price}, version {new.version}"
        if row is not None or terms.values() == PriceTerms.of(holding).values():
            ends = {"effective_to": until} if until or (row and "effective_to" in record) else {}
            described = {} if description is None else {"description": description}
            return self._update(holding, {**terms.values(), **described, **ends})
        before = holding.formatted_price
        new = prices.change(price=holding, terms=terms, effective_from=since, description=description, actor=self.actor)
        if until:
            new = writes.update(new, {"effective_to": until}, actor=self.actor)
        holding.refresh_from_db()
        rows.append(new)
        return LineOutcome.CHANGED, f"{before} → {new.formatted_price}, version {new.version}"

    def _update(self, row: Price, values: Mapping[str, Any]) -> tuple[LineOutcome, str]:
        """Change the description or period of an existing price. Its terms can change only before it starts."""
        changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
        if not changed:
            return LineOutcome.UNCHANGED, f"version {row.version}"
        writes.update(row, values, actor=self.actor)
        return LineOutcome.CHANGED, f"{', '.join(name.replace('_', ' ') for name in changed)}, version {row.version}"


def _records(text: str) -> list[tuple[int, dict[str, str]]]:
    """Return the file's lines with their numbers, every value a string. Raises Invalid for another kind of file."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid(errors={"file": [f"A sheet has at most {MAX_CHARACTERS:,} characters."]})
    text = text.removeprefix(BYTE_ORDER_MARK)
    first = text.partition("\n")[0]
    sheet = csv.DictReader(StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        names = [name.strip() for name in sheet.fieldnames or []]
        sheet.fieldnames = names
        _check_columns(names)
        records = [(sheet.line_num, _texts(record)) for record in sheet]
    except csv.Error as error:
        raise Invalid(errors={"file": [f"Line {sheet.line_num} is not CSV: {error}."]}) from error
    if not records:
        raise Invalid(errors={"file": ["The sheet has no prices, only a header."]})
    if len(records) > MAX_LINES:
        raise Invalid(errors={"file": [f"A sheet has at most {MAX_LINES:,} lines. Split the file."]})
    return records


def _check_columns(names: list[str]) -> None:
    missing, unknown = [name for name in REQUIRED_COLUMNS if name not in names], sorted({*names} - {*COLUMNS})
    problems = [f"The header lacks the columns {', '.join(missing)}."] if missing else []
    problems += [f"Unknown columns: {', '.join(unknown)}. Known: {', '.join(COLUMNS)}."] if unknown else []
    problems += ["A column appears twice."] if len({*names}) < len(names) else []
    if problems:
        raise Invalid(errors={"file": problems})


def _texts(record: Mapping[Any, Any]) -> dict[str, str]:
    """Return the record with every required column, normalised. The CSV reader keeps surplus cells under None."""
    optional = {"description", "effective_to"} - {*record}
    texts = {name: plain_text(str(record.get(name) or "").strip()) for name in COLUMNS if name not in optional}
    texts["extra"] = "more" if record.get(None) else ""
    texts["provider"], texts["unit"] = texts["provider"].lower(), texts["unit"].lower()
    texts["unit"] = SINGULAR.get(texts["unit"], texts["unit"])
    return texts


def _terms(record: Mapping[str, str]) -> PriceTerms:
    errors: dict[str, list[str]] = {}
    if record["extra"]:
        errors["line"] = ["The line has more cells than the header."]
    for name, known in (("category", PriceCategory.values), ("unit", PriceUnit.values)):
        if record[name] not in known:
            errors[name] = [f"One of: {', '.join(known)}."]
    scheme = record["scheme"] or PriceScheme.UNIT
    if scheme not in PriceScheme.values:
        errors["scheme"] = [f"One of: {', '.join(PriceScheme.values)}."]
    figures = {name: _figure(record, name, errors) for name in ("unit_price", "package_size")}
    if figures["unit_price"] is None and scheme not in TIERED:
        errors.setdefault("unit_price", ["Give a price."])
    tiers = _tiers(record["tiers"], errors)
    if errors:
        raise Invalid(errors=errors)
    return PriceTerms(figures["unit_price"] or Decimal(0), scheme, figures["package_size"], tiers)


def _figure(record: Mapping[str, str], name: str, errors: dict[str, list[str]]) -> Decimal | None:
    if not record[name]:
        return None
    try:
        figure = Decimal(record[name])
    except ArithmeticError:
        figure = Decimal("NaN")
    if figure.is_finite():
        return figure
    errors[name] = ["Write a number with a decimal point, such as 0.0125."]
    return None


def _tiers(text: str, errors: dict[str, list[str]]) -> list[dict[str, Any]]:
    try:
        tiers = json.loads(text) if text else []
    except ValueError:
        tiers = None
    if isinstance(tiers, list):
        return tiers
    errors["tiers"] = ['Write a JSON list, such as [{"up_to": "100", "unit_price": "0.02"}, …].']
    return []


def _moment(record: Mapping[str, str], name: str) -> datetime | None:
    if not record.get(name):
        return None
    try:
        moment = parse_datetime(record[name]) or datetime.fromisoformat(record[name])
    except ValueError as error:
        raise Invalid(errors={name: ["Write a date and time such as 2030-01-31T08:00:00+00:00."]}) from error
    if not moments.is_possible(moment):
        raise Invalid(errors={name: [moments.IMPOSSIBLE]})
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _describe_error(error: DomainError) -> str:
    """Return all problems of a line as one string."""
    if not isinstance(error, Invalid) or not error.errors:
        return error.detail
    return " ".join(
        " ".join(texts) if name in ("non_field_errors", "line") else f"{name}: {' '.join(texts)}"
        for name, texts in error.errors.items()
    )
