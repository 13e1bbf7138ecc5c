"""The price list as a CSV file: written, and read back as new prices and new versions of those there are.

A sheet is read by doing what it says, line by line, and undoing all of it unless it is confirmed and no
line was refused; what is shown before is therefore what happens after.
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

from billing import money as amounts
from billing.pricing.models import COMPONENT, TIERED, Price, PriceCategory, PriceScheme, PriceUnit
from billing.pricing.services import prices
from billing.pricing.services.prices import Terms
from billing.pricing.services.quoting import SINGULAR
from lad import writes
from lad.errors import DomainError, Invalid
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant

PERIOD: Final = ("effective_from", "effective_to")
COLUMNS: Final = ("tenant", *COMPONENT, *prices.TERMS, "description", *PERIOD)
REQUIRED: Final = (*COMPONENT, "unit_price")
MOST_LINES: Final = 1_000
LARGEST: Final = 1_000_000

Key = tuple[str, ...]


class Verdict(StrEnum):
    """What a line of a sheet does."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in the file, what it is about, what it does and why, or what would be new."""

    number: int
    component: str
    verdict: Verdict
    says: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sheet does, and whether it was done."""

    lines: list[Line] = field(default_factory=list)
    done: bool = False

    def count(self, verdict: Verdict) -> int:
        return sum(line.verdict == verdict for line in self.lines)

    @property
    def acceptable(self) -> bool:
        """Whether it does something and no line is refused."""
        return not self.count(Verdict.REFUSED) and self.count(Verdict.UNCHANGED) < len(self.lines)


class _Undone(Exception):
    """Ends the transaction of a sheet that is not to be kept."""


def listed(now: datetime) -> Iterable[Price]:
    """What a sheet of the whole list holds: prices in force and to come, those for everybody first."""
    current = Q(is_active=True) & (Q(effective_to__isnull=True) | Q(effective_to__gt=now))
    rows: Iterable[Price] = (
        Price.objects.filter(current).select_related("tenant").order_by("tenant__slug", *COMPONENT, "effective_from")
    )
    return sorted(rows, key=lambda row: (row.tenant_id is not None, row.tenant.slug if row.tenant else ""))


def write(rows: Iterable[Price]) -> str:
    """The prices as a sheet that ``read`` finds unchanged."""
    text = StringIO()
    sheet = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    sheet.writeheader()
    for row in rows:
        sheet.writerow(
            {
                "tenant": row.tenant.slug if row.tenant else "",
                **{name: getattr(row, name) for name in (*COMPONENT, "scheme", "description")},
                "unit_price": amounts.plain(row.unit_price),
                "package_size": amounts.plain(row.package_size) if row.package_size else "",
                "tiers": json.dumps(row.tiers, separators=(",", ":")) if row.tiers else "",
                **{name: moment.isoformat() if (moment := getattr(row, name)) else "" for name in PERIOD},
            }
        )
    return text.getvalue()


def read(text: str, *, confirmed: bool = False, actor: Any = None) -> Outcome:
    """Say what the sheet would add and change; with ``confirmed`` do it, all of it or nothing.

    A line without ``effective_from`` holds from now on. One whose component has another price then ends
    that price there. Works as the platform, over all tenants. Raises Invalid for what is no such sheet.
    """
    records = _records(text)
    outcome = Outcome()
    try:
        with platform_context(user_id=actor.pk if actor else None):
            outcome = Outcome(_Reader(records, actor).lines(), done=confirmed)
            if not (confirmed and outcome.acceptable):
                raise _Undone
    except _Undone:
        return Outcome(outcome.lines)
    return outcome


class _Reader:
    """Does what the lines of one sheet say, knowing the prices there are."""

    def __init__(self, records: list[tuple[int, dict[str, str]]], actor: Any) -> None:
        self.records, self.actor, self.now = records, actor, timezone.now()
        slugs = {record["tenant"] for _number, record in records} - {""}
        self.tenants: dict[str, Tenant | None] = {
            "": None,
            **{tenant.slug: tenant for tenant in Tenant.objects.filter(slug__in=slugs)},
        }
        self.prices: dict[Key, list[Price]] = {}
        models = {record["model"] for _number, record in records}
        for row in Price.objects.filter(is_active=True, model__in=models).select_related("tenant"):
            self.prices.setdefault((row.tenant.slug if row.tenant else "", *row.key), []).append(row)
        self.seen: dict[tuple[Key, datetime | None], int] = {}

    def lines(self) -> list[Line]:
        return [self._line(number, record) for number, record in self.records]

    def _line(self, number: int, record: dict[str, str]) -> Line:
        component = " · ".join((record["tenant"] or "everybody", *(record[name] for name in COMPONENT)))
        try:
            with transaction.atomic():
                verdict, says = self._apply(number, record)
        except DomainError as error:
            return Line(number, component, Verdict.REFUSED, _in_words(error))
        return Line(number, component, verdict, says)

    def _apply(self, number: int, record: dict[str, str]) -> tuple[Verdict, str]:
        if record["tenant"] not in self.tenants:
            raise Invalid(errors={"tenant": [f"There is no tenant {record['tenant']}."]})
        terms, since, until = _terms(record), _moment(record, "effective_from"), _moment(record, "effective_to")
        key = (record["tenant"], *(record[name] for name in COMPONENT))
        before = self.seen.setdefault((key, since), number)
        if before != number:
            raise Invalid(f"Line {before} says what this component costs from the same moment on.")
        tenant = self.tenants[record["tenant"]]
        with platform_context(tenant_id=tenant.pk if tenant else None):
            return self._price(key, terms, since, until, record)

    def _price(
        self, key: Key, terms: Terms, since: datetime | None, until: datetime | None, record: Mapping[str, str]
    ) -> tuple[Verdict, str]:
        rows = self.prices.setdefault(key, [])
        row = next((row for row in rows if row.effective_from == since), None)
        holding = row or next((row for row in rows if row.holds_at(since or self.now)), None)
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
            return Verdict.ADDED, f"{new.shown_price}, version {new.version}"
        if row is not None or terms.values() == Terms.of(holding).values():
            ends = {"effective_to": until} if until or (row and "effective_to" in record) else {}
            told = {} if description is None else {"description": description}
            return self._describe(holding, {**terms.values(), **told, **ends})
        said = holding.shown_price
        new = prices.change(price=holding, terms=terms, effective_from=since, description=description, actor=self.actor)
        if until:
            new = writes.update(new, {"effective_to": until}, actor=self.actor)
        holding.refresh_from_db()
        rows.append(new)
        return Verdict.CHANGED, f"{said} → {new.shown_price}, version {new.version}"

    def _describe(self, row: Price, values: Mapping[str, Any]) -> tuple[Verdict, str]:
        """Say something else of a price that is there; what it asks can change only before it begins."""
        changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
        if not changed:
            return Verdict.UNCHANGED, f"version {row.version}"
        writes.update(row, values, actor=self.actor)
        return Verdict.CHANGED, f"{', '.join(name.replace('_', ' ') for name in changed)}, version {row.version}"


def _records(text: str) -> list[tuple[int, dict[str, str]]]:
    """The lines of the file with their numbers, every column a text. Raises Invalid for another kind of file."""
    if len(text) > LARGEST:
        raise Invalid(errors={"file": [f"A sheet has at most {LARGEST:,} characters."]})
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    sheet = csv.DictReader(StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        names = [name.strip() for name in sheet.fieldnames or []]
        sheet.fieldnames = names
        _refuse_columns(names)
        records = [(sheet.line_num, _texts(record)) for record in sheet]
    except csv.Error as error:
        raise Invalid(errors={"file": [f"Line {sheet.line_num} is not CSV: {error}."]}) from error
    if not records:
        raise Invalid(errors={"file": ["The sheet has no line but the first."]})
    if len(records) > MOST_LINES:
        raise Invalid(errors={"file": [f"A sheet has at most {MOST_LINES:,} lines: split it."]})
    return records


def _refuse_columns(names: list[str]) -> None:
    missing, unknown = [name for name in REQUIRED if name not in names], sorted({*names} - {*COLUMNS})
    says = [f"The first line lacks {', '.join(missing)}."] if missing else []
    says += [f"There is no column {', '.join(unknown)}; known: {', '.join(COLUMNS)}."] if unknown else []
    says += ["A column is there twice."] if len({*names}) < len(names) else []
    if says:
        raise Invalid(errors={"file": says})


def _texts(record: Mapping[Any, Any]) -> dict[str, str]:
    """The record with every column it needs, written as prices are; cells beyond the columns are under None."""
    optional = {"description", "effective_to"} - {*record}
    texts = {name: str(record.get(name) or "").strip() for name in COLUMNS if name not in optional}
    texts["extra"] = "more" if record.get(None) else ""
    texts["provider"], texts["unit"] = texts["provider"].lower(), texts["unit"].lower()
    texts["unit"] = SINGULAR.get(texts["unit"], texts["unit"])
    return texts


def _terms(record: Mapping[str, str]) -> Terms:
    errors: dict[str, list[str]] = {}
    if record["extra"]:
        errors["line"] = ["It has more cells than the first line."]
    for name, known in (("category", PriceCategory.values), ("unit", PriceUnit.values)):
        if record[name] not in known:
            errors[name] = [f"One of: {', '.join(known)}."]
    scheme = record["scheme"] or PriceScheme.UNIT
    if scheme not in PriceScheme.values:
        errors["scheme"] = [f"One of: {', '.join(PriceScheme.values)}."]
    figures = {name: _figure(record, name, errors) for name in ("unit_price", "package_size")}
    if figures["unit_price"] is None and scheme not in TIERED:
        errors.setdefault("unit_price", ["Say what it costs."])
    tiers = _tiers(record["tiers"], errors)
    if errors:
        raise Invalid(errors=errors)
    return Terms(figures["unit_price"] or Decimal(0), scheme, figures["package_size"], tiers)


def _figure(record: Mapping[str, str], name: str, errors: dict[str, list[str]]) -> Decimal | None:
    if not record[name]:
        return None
    try:
        figure = Decimal(record[name])
    except ArithmeticError:
        figure = Decimal("NaN")
    if figure.is_finite():
        return figure
    errors[name] = ["Write a number with a point, such as 0.0125."]
    return None


def _tiers(text: str, errors: dict[str, list[str]]) -> list[dict[str, Any]]:
    try:
        tiers = json.loads(text) if text else []
    except ValueError:
        tiers = None
    if isinstance(tiers, list):
        return tiers
    errors["tiers"] = ['Write a list as JSON, such as [{"up_to": "100", "unit_price": "0.02"}, …].']
    return []


def _moment(record: Mapping[str, str], name: str) -> datetime | None:
    if not record.get(name):
        return None
    try:
        moment = parse_datetime(record[name]) or datetime.fromisoformat(record[name])
    except ValueError as error:
        raise Invalid(errors={name: ["Write a moment such as 2030-01-31T08:00:00+00:00."]}) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_words(error: DomainError) -> str:
    """What is wrong with a line, in one."""
    if not isinstance(error, Invalid) or not error.errors:
        return error.detail
    return " ".join(
        " ".join(texts) if name in ("non_field_errors", "line") else f"{name}: {' '.join(texts)}"
        for name, texts in error.errors.items()
    )
