"""Put addresses and companies on the do-not-contact list, take them off, and forget what they are."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from lad import writes
from lad.db.identifiers import TIME_ORDERED_UUID
from lad.errors import Invalid
from lad.outbox.emission import NewEvent, emit_many
from lad.tenancy.context import current_tenant_id
from lad.tenancy.countries import country_of
from lad.types import Actor
from leads.contactability.addresses import (
    FREE_MAIL,
    KIND_OF_CHANNEL,
    Address,
    Kind,
    addresses_of,
    company_domains,
    domain,
    recognise,
)
from leads.contactability.free_mail import is_free_mail
from leads.contactability.models import ALL_CHANNELS, Suppression, SuppressionReason, SuppressionScope
from leads.contacts.models import Lead, LeadSocial

# Rows in the order of their hashes, so that two writers never wait for each other. A suppression that lasts as long or
# longer is left as it is.
WRITE: Final = f"""
INSERT INTO suppressions
    (id, tenant_id, channel, scope, address, address_hash, lead_id, reason, source, evidence, created_by_user_id,
     expires_at, created_at, updated_at)
SELECT {TIME_ORDERED_UUID}, %s, channel, scope, address, address_hash, lead_id, reason, source, evidence,
    created_by_user_id, expires_at, clock_timestamp(), clock_timestamp()
FROM json_to_recordset(%s) AS given
    (channel text, scope text, address text, address_hash text, lead_id uuid, reason text, source text, evidence jsonb,
     created_by_user_id uuid, expires_at timestamptz)
ORDER BY address_hash, channel, scope
ON CONFLICT (tenant_id, address_hash, channel, scope) WHERE deleted_at IS NULL DO UPDATE SET
    lead_id = coalesce(EXCLUDED.lead_id, suppressions.lead_id), reason = EXCLUDED.reason, source = EXCLUDED.source,
    evidence = EXCLUDED.evidence, expires_at = EXCLUDED.expires_at,
    address = CASE WHEN EXCLUDED.address = '' THEN suppressions.address ELSE EXCLUDED.address END
WHERE suppressions.expires_at IS NOT NULL
    AND (EXCLUDED.expires_at IS NULL OR EXCLUDED.expires_at > suppressions.expires_at)
RETURNING id, xmax = 0, lead_id, channel, scope, reason, address_hash
"""


@dataclass(frozen=True, slots=True)
class NewSuppression:
    """An entry for the do-not-contact list: a lead, or an address as people write it, or both.

    With a lead and no address, the lead's own addresses on the channel are meant, or the lead's company if ``scope``
    is the domain.
    """

    channel: str
    reason: str
    lead: Lead | None = None
    address: str = ""
    scope: str = SuppressionScope.ADDRESS
    source: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to write."""

    wish: NewSuppression
    address: Address

    @property
    def scope(self) -> str:
        return SuppressionScope.DOMAIN if self.address.kind == Kind.DOMAIN else SuppressionScope.ADDRESS

    @property
    def shown(self) -> str:
        """Return the address for people: none for a lead without one, nor if it is erased."""
        erased = self.wish.reason == SuppressionReason.ERASED
        return "" if erased or self.address.kind == Kind.LEAD else self.address.value


class _Written(NamedTuple):
    """A row that was written: a new one, or one that lasts longer now."""

    id: UUID
    created: bool
    lead_id: UUID | None
    channel: str
    scope: str
    reason: str
    address_hash: str


def suppress(
    *,
    lead: Lead | None = None,
    address: str = "",
    channel: str,
    scope: str = SuppressionScope.ADDRESS,
    reason: str,
    source: str = "",
    evidence: Mapping[str, Any] | None = None,
    actor: Actor = None,
    expires_at: datetime | None = None,
) -> Suppression:
    """Put a lead, an address or a company on the do-not-contact list and return the entry.

    A lead is listed with all addresses that the channel uses; the entry of the first is returned. What is listed for
    as long or longer stays as it is. Emits ``leads.suppression.created`` or ``updated``, and
    ``leads.lead.suppressed`` for the lead. Raises Invalid for what is no address, and for a company without a domain
    of its own.
    """
    wish = NewSuppression(channel, reason, lead, address, scope, source, evidence or {}, expires_at)
    return suppress_many([wish], actor=actor)[0]


@writes.in_transaction
def suppress_many(wishes: Sequence[NewSuppression], *, actor: Actor = None) -> list[Suppression]:
    """Put many on the do-not-contact list in a few statements. Return an entry for each, in their order.

    As ``suppress`` otherwise. Raises Invalid for the first one that is not valid.
    """
    tenant_id = current_tenant_id()
    social = _social_of([wish.lead for wish in wishes if wish.lead is not None])
    country = country_of(tenant_id) if any(wish.address for wish in wishes) else ""
    entries = [list(_entries(wish, social, country)) for wish in wishes]
    return _write(tenant_id, entries, actor)


def lift(*, suppression: Suppression, actor: Actor = None, reason: str = "") -> None:
    """Take an entry off the do-not-contact list. Emits ``leads.suppression.deleted``.

    A reason is kept with the entry, as ``evidence["lifted"]``.
    """
    with writes.in_transaction:
        row = Suppression.objects.select_for_update().filter(pk=suppression.pk).first()
        if row is None:
            return
        if reason:
            writes.update(row, {"evidence": {**row.evidence, "lifted": reason}}, actor=actor)
        writes.delete(row, actor=actor)


def stop_company(
    *, lead: Lead, days: int, source: str = "", actor: Actor = None, now: datetime | None = None
) -> Suppression | None:
    """Leave everybody at the lead's company alone for some days, because one of them answered.

    Answers to them stay possible. Return the entry, or None if the lead's company has no domain of its own or
    ``days`` is 0.
    """
    found = stop_companies([lead], days=days, source=source, actor=actor, now=now)
    return found[0] if found else None


def stop_companies(
    leads: Sequence[Lead], *, days: int, source: str = "", actor: Actor = None, now: datetime | None = None
) -> list[Suppression]:
    """Leave the companies of many leads alone for some days, in a few statements. Return the entries."""
    if days <= 0:
        return []
    until = (now or timezone.now()) + timedelta(days=days)
    wishes = [
        NewSuppression(
            channel=ALL_CHANNELS,
            reason=SuppressionReason.COMPANY_REPLIED,
            lead=lead,
            scope=SuppressionScope.DOMAIN,
            source=source,
            expires_at=until,
        )
        for lead in leads
        if company_of(lead)
    ]
    return suppress_many(wishes, actor=actor) if wishes else []


@writes.in_transaction
def forget_address(*, lead: Lead | None = None, address: str = "", actor: Actor = None) -> int:
    """Keep a person from being contacted for ever, without keeping their address. Return the number of entries.

    Call it before personal data are erased. Entries of the addresses lose everything that names the person and keep
    the hash. Addresses that had no entry get one on all channels.
    """
    tenant_id = current_tenant_id()
    wish = NewSuppression(ALL_CHANNELS, SuppressionReason.ERASED, lead, address)
    entries = entries_of(wish, tenant_id)
    _write(tenant_id, [entries], actor)
    hashes = [each for entry in entries for each in entry.address.hashes(tenant_id)]
    rows = Suppression.all_objects.filter(tenant=tenant_id)
    own = Q(lead=lead.pk) if lead is not None else Q(pk__in=())
    # The domain of a company is no personal data, but who asked for it to be listed is.
    rows.filter(own, scope=SuppressionScope.DOMAIN).update(source="", evidence={}, lead=None)
    addressed = rows.filter(own | Q(address_hash__in=hashes), scope=SuppressionScope.ADDRESS)
    return addressed.update(address="", source="", evidence={}, lead=None)


def company_of(lead: Lead) -> str:
    """Return the domain of the lead's company, or an empty string if none is known."""
    return next(iter(company_domains(lead.company_domain, lead.email)), "")


def entries_of(wish: NewSuppression, tenant_id: UUID) -> list[Entry]:
    """Return the rows that a wish means: one for an address, and one for each address of a lead. Raises Invalid."""
    social = _social_of([wish.lead] if wish.lead is not None and not wish.address else [])
    return list(_entries(wish, social, country_of(tenant_id) if wish.address else ""))


def hash_of(entry: Entry, tenant_id: UUID) -> str:
    """Return the hash to store for a row: the one under an older key if the address is listed under that."""
    return _hash(entry, tenant_id, _hashes_in_use(tenant_id, [[entry]]))


def add_further_addresses(row: Suppression, *, actor: Actor = None) -> None:
    """List the other addresses of the entry's lead as the entry is, as far as they are not listed."""
    wish = NewSuppression(
        row.channel, row.reason, row.lead, "", row.scope, row.source, row.evidence, expires_at=row.expires_at
    )
    further = entries_of(wish, row.tenant_id)[1:]
    if further:
        _write(row.tenant_id, [further], actor)


def _entries(wish: NewSuppression, social: Mapping[UUID, Mapping[str, Any]], country: str) -> Iterator[Entry]:
    """Yield what the wish means. Raises Invalid."""
    if wish.address:
        yield Entry(wish, _read(wish.address, wish.scope, country))
        return
    if wish.lead is None:
        raise Invalid(errors={"address": ["Enter an address or a domain, or choose a lead."]})
    if wish.scope == SuppressionScope.DOMAIN:
        company = company_of(wish.lead)
        if not company:
            raise Invalid(errors={"lead": ["The lead has no company with a domain of its own."]})
        yield Entry(wish, Address(Kind.DOMAIN, company))
        return
    own = list(_own_addresses(wish.lead, wish.channel, social))
    # A lead without an address is known by itself, so that one that is added later changes nothing.
    yield from (Entry(wish, each) for each in own or [Address(Kind.LEAD, wish.lead.pk.hex)])


def _read(text: str, scope: str, country: str) -> Address:
    try:
        if scope != SuppressionScope.DOMAIN:
            return recognise(text, country=country)
        name = domain(text.rpartition("@")[2])
        if not name or is_free_mail(name):
            raise ValidationError(FREE_MAIL.format(domain=name) if name else "Write a domain, as in acme.example.")
    except ValidationError as error:
        raise Invalid(errors={"address": error.messages}) from error
    return Address(Kind.DOMAIN, name)


def _own_addresses(lead: Lead, channel: str, social: Mapping[UUID, Mapping[str, Any]]) -> Iterator[Address]:
    """Yield the lead's addresses that the channel uses, or all for all channels."""
    kind = KIND_OF_CHANNEL.get(channel)
    found = addresses_of(
        email_address=lead.email, phone=lead.phone, linkedin_url=lead.linkedin_url, social=social.get(lead.pk)
    )
    yield from (each for each in found if kind is None or each.kind == kind)


def _social_of(leads: Sequence[Lead]) -> dict[UUID, Mapping[str, Any]]:
    if not leads:
        return {}
    rows = LeadSocial.objects.filter(lead__in=[lead.pk for lead in leads])
    return dict(rows.values_list("lead_id", "data"))


def insert_entries(tenant_id: UUID, entries: Sequence[Entry], actor: Actor) -> set[Address]:
    """Write rows without an event for each, in one statement. Return the addresses that were not listed before."""
    known = _hashes_in_use(tenant_id, [entries])
    by_key = {_key(entry, tenant_id, known): entry for entry in entries}
    written = _execute(tenant_id, [_row(entry, key[0], actor) for key, entry in by_key.items()])
    return {by_key[row.address_hash, row.channel, row.scope].address for row in written if row.created}


def _write(tenant_id: UUID, entries: Sequence[Sequence[Entry]], actor: Actor) -> list[Suppression]:
    """Write the rows of all wishes and their events. Return the row of the first entry of each wish."""
    known = _hashes_in_use(tenant_id, entries)
    keys = [[_key(entry, tenant_id, known) for entry in of_wish] for of_wish in entries]
    rows = {
        key: _row(entry, key[0], actor)
        for of_wish, of_keys in zip(entries, keys, strict=True)
        for entry, key in zip(of_wish, of_keys, strict=True)
    }
    emit_many(_events(_execute(tenant_id, list(rows.values())), actor))
    stored = Suppression.objects.filter(tenant=tenant_id, address_hash__in=[key[0] for key in rows])
    by_key = {(row.address_hash, row.channel, row.scope): row for row in stored}
    return [by_key[of_keys[0]] for of_keys in keys]


def _execute(tenant_id: UUID, rows: Sequence[Mapping[str, Any]]) -> list[_Written]:
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [tenant_id, json.dumps(rows)])
        return [_Written(*row) for row in cursor.fetchall()]


def _key(entry: Entry, tenant_id: UUID, known: set[str]) -> tuple[str, str, str]:
    return _hash(entry, tenant_id, known), entry.wish.channel, entry.scope


def _row(entry: Entry, address_hash: str, actor: Actor) -> dict[str, Any]:
    wish = entry.wish
    erased = wish.reason == SuppressionReason.ERASED
    return {
        "channel": wish.channel,
        "scope": entry.scope,
        "address": entry.shown,
        "address_hash": address_hash,
        "lead_id": str(wish.lead.pk) if wish.lead and not erased else None,
        "reason": wish.reason,
        "source": wish.source[:200],
        "evidence": dict(wish.evidence),
        "created_by_user_id": str(actor.pk) if actor else None,
        "expires_at": wish.expires_at.isoformat() if wish.expires_at else None,
    }


def _hashes_in_use(tenant_id: UUID, entries: Sequence[Sequence[Entry]]) -> set[str]:
    """Return which of the addresses' hashes under older keys are listed, so that none is listed twice."""
    if len(settings.ADDRESS_HASH_KEYS) == 1:
        return set()
    older = [each for of_wish in entries for entry in of_wish for each in entry.address.hashes(tenant_id)[1:]]
    found = Suppression.objects.filter(tenant=tenant_id, address_hash__in=older)
    return set(found.values_list("address_hash", flat=True))


def _hash(entry: Entry, tenant_id: UUID, known: set[str]) -> str:
    newest, *older = entry.address.hashes(tenant_id)
    return next((each for each in older if each in known), newest)


def _events(rows: Sequence[_Written], actor: Actor) -> Iterator[NewEvent]:
    changed = ["expires_at", "reason", "source"]
    leads: dict[UUID, _Written] = {}
    for row in rows:
        verb, payload = ("created", {}) if row.created else ("updated", {"changed": changed})
        yield NewEvent(f"leads.suppression.{verb}", None, payload, actor, None, "suppression", row.id)
        if row.lead_id is not None:
            leads.setdefault(row.lead_id, row)
    for lead_id, row in leads.items():
        about = {"channel": row.channel, "scope": row.scope, "reason": row.reason}
        yield NewEvent("leads.lead.suppressed", None, about, actor, None, "lead", lead_id)
