"""How many calls a tenant may make at once, and what uses them up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from voice.agents.models import VoiceAgent
from voice.carriers.models import CarrierAccount
from voice.dialer.models import DialingPolicy
from voice.numbers.models import VoiceNumber

USES_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Room:
    """Calls of a tenant at once. ``reserve`` of them are kept for inbound calls."""

    limit: int
    reserve: int
    outbound: int
    inbound: int

    @property
    def total(self) -> int:
        return self.outbound + self.inbound

    @property
    def free(self) -> int:
        """Return how many more calls may be placed now."""
        kept = max(self.reserve - self.inbound, 0)
        return max(self.limit - self.total - kept, 0)

    @property
    def outbound_share(self) -> float:
        return min(self.outbound / self.limit, 1)

    @property
    def inbound_share(self) -> float:
        return min(self.inbound / self.limit, 1)


@dataclass(frozen=True, slots=True)
class Use:
    """The calls of one agent, number or carrier account. Without a ``limit`` of its own only the tenant's holds."""

    kind: str
    name: str
    calls: int
    limit: int | None
    url: str

    @property
    def share(self) -> float:
        return min(self.calls / self.limit, 1) if self.limit else 0


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why some calls are not placed at the moment, and until when, if that is known."""

    title: str
    reason: str
    until: datetime | None
    url: str


def room_of(tenant_id: UUID, *, outbound: int, inbound: int) -> Room:
    """Return how much room a tenant has. Without rules of its own the defaults hold."""
    policy = DialingPolicy.objects.filter(tenant=tenant_id).first() or DialingPolicy()
    return Room(policy.max_concurrent, policy.inbound_reserve, outbound, inbound)


def uses_of(
    tenant_id: UUID, agents: Iterable[UUID | None], numbers: Iterable[UUID | None], accounts: Iterable[UUID | None]
) -> list[Use]:
    """Return what the open calls use, the most used of each kind first. Each argument has one key a call."""
    of_tenant = Q(tenant=tenant_id)
    kinds: Sequence[tuple[str, Any, Iterable[UUID | None], Q]] = (
        ("agent", VoiceAgent, agents, of_tenant),
        ("number", VoiceNumber, numbers, of_tenant),
        # The platform's accounts are shared by all tenants, who see neither their limits nor each other's calls.
        ("carrier account", CarrierAccount, accounts, of_tenant),
    )
    found = [_uses(kind, model, Counter(filter(None, keys)), rows) for kind, model, keys, rows in kinds]
    return [use for uses in found for use in uses[:USES_SHOWN]]


def _uses(kind: str, model: Any, calls: Mapping[UUID, int], rows: Q) -> list[Use]:
    found = model.objects.filter(rows, pk__in=list(calls)) if calls else ()
    uses = [Use(kind, _name(row), calls[row.pk], row.max_concurrent, _page(row)) for row in found]
    return sorted(uses, key=lambda use: (-use.calls, use.name))


def obstacles_of(tenant_id: UUID, *, now: datetime) -> list[Obstacle]:
    """Return the numbers that rest and the carrier accounts that are paused."""
    resting = VoiceNumber.objects.filter(tenant=tenant_id, resting_until__gt=now).order_by("resting_until")
    paused = CarrierAccount.objects.filter(Q(tenant=tenant_id) | Q(tenant__isnull=True), paused_until__gt=now)
    return [
        *(
            Obstacle(f"{_name(each)} rests", each.rest_reason, each.resting_until, _page(each))
            for each in resting[:USES_SHOWN]
        ),
        *(
            Obstacle(f"{each} is paused", each.pause_reason, each.paused_until, _page(each) if each.tenant_id else "")
            for each in paused.order_by("paused_until")[:USES_SHOWN]
        ),
    ]


def _name(row: Any) -> str:
    return row.phone.international if isinstance(row, VoiceNumber) else str(row)


def _page(row: Any) -> str:
    return reverse(f"admin:voice_{row._meta.model_name}_change", args=(row.pk,))
