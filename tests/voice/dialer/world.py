"""A tenant that may call at any hour, with a number at the sandbox, and batches of people in London."""

from dataclasses import dataclass, field
from datetime import time
from typing import Any
from uuid import UUID

from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from tenants.teams.models import Tenant
from tests.factories.leads import ConsentRecordFactory, ContactPolicyFactory, LeadFactory
from tests.factories.voice import (
    CallBatchEntryFactory,
    CallBatchFactory,
    CarrierAccountFactory,
    DialingPolicyFactory,
    VoiceAgentFactory,
    VoiceNumberFactory,
)
from tests.voice.helpers import create
from voice.batches.models import CallBatch, CallBatchEntry
from voice.calls.models import CallLog
from voice.dialer.claims import Claimed, claim
from voice.dialer.models import IS_OPEN, CallPlacement

# A number of the sandbox, and one that is not.
CALLER = 2_079_460_018
SECOND_CALLER = 2_079_460_019
ALL_DAY = {"contact_from": time(0), "contact_until": time(23, 59, 59), "max_per_day": 0, "max_per_week": 0, "caps": {}}


@dataclass
class World:
    """Rows that tests begin with. ``calls_at_once`` is the tenant's limit, of which none is kept for inbound calls."""

    tenant: Tenant
    calls_at_once: int = 10
    reserve: int = 0
    consent: bool = True
    carrier: dict[str, Any] = field(default_factory=dict)
    hours: dict[str, Any] = field(default_factory=dict)
    account: Any = None

    def __post_init__(self) -> None:
        with platform_context(tenant_id=self.tenant.pk):
            ContactPolicyFactory.create(tenant=self.tenant, **self._contact_policy())
            DialingPolicyFactory.create(
                tenant=self.tenant, max_concurrent=self.calls_at_once, inbound_reserve=self.reserve
            )
            self.account = self.account or CarrierAccountFactory.create(tenant=self.tenant, **self.carrier)
        self.number = self.make_number()
        self.agent = create(self.tenant, VoiceAgentFactory)

    def _contact_policy(self) -> dict[str, Any]:
        required = [Channel.VOICE] if self.consent else []
        return {**ALL_DAY, "skips_holidays": False, "consent_required": required, **self.hours}

    def make_number(self, country_code: str = "+44", base_number: int = CALLER, **values: Any) -> Any:
        given = {"carrier_account": self.account, "carrier_reference": "ST_sandbox", "daily_cap": 10_000, **values}
        return create(
            self.tenant,
            VoiceNumberFactory,
            country_code=country_code,
            base_number=base_number,
            leading_zeros=0,
            **given,
        )

    def lead(self, phone: str, *, consents: bool = True, **values: Any) -> Any:
        """Create a lead, who agreed to be called unless told otherwise."""
        made = create(
            self.tenant,
            LeadFactory,
            phone=phone,
            country_code="+44",
            base_number=int(phone.removeprefix("+44")),
            location="London, United Kingdom",
            **values,
        )
        if consents:
            create(self.tenant, ConsentRecordFactory, lead=made, channel=Channel.VOICE)
        return made

    def batch(self, people: int, *, start: int = 0, **values: Any) -> CallBatch:
        """Create a batch of people who may be called."""
        given = {"agent": self.agent, "from_number": None, "total_calls": people, **values}
        made: CallBatch = create(self.tenant, CallBatchFactory, **given)
        for index in range(people):
            phone = person(start + index)
            create(self.tenant, CallBatchEntryFactory, batch=made, lead=self.lead(phone), to_phone=phone)
        return made

    def claim(self, most: int = 100) -> list[Claimed]:
        turn = claim(self.tenant.pk, most=most)
        return turn.calls if turn is not None else []

    def entries(self, batch: CallBatch) -> list[CallBatchEntry]:
        with platform_context(tenant_id=self.tenant.pk):
            return list(CallBatchEntry.objects.filter(batch=batch).order_by("to_phone"))

    def placement(self, call_id: UUID) -> CallPlacement:
        with platform_context(tenant_id=self.tenant.pk):
            return CallPlacement.objects.select_related("call_log").get(call_log=call_id)

    def call(self, call_id: UUID) -> CallLog:
        with platform_context(tenant_id=self.tenant.pk):
            return CallLog.objects.get(pk=call_id)

    def reread(self, row: Any) -> Any:
        with platform_context(tenant_id=self.tenant.pk):
            return type(row).objects.get(pk=row.pk)

    def open(self) -> int:
        with tenant_context(self.tenant.pk):
            return CallPlacement.objects.filter(IS_OPEN).count()


def person(index: int) -> str:
    """Return the number of somebody in London."""
    return f"+4420794{60_000 + 500 + index:05d}"
