"""Calls at the sandbox, whose callbacks are taken to LAD's address in any order, or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import stamina
from rest_framework.test import APIClient

from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant
from tests.factories.voice import CallLogFactory, CallPlacementFactory, CarrierAccountFactory, VoiceNumberFactory
from tests.support.sandbox import Sandbox
from tests.voice.carriers.conftest import KEY, SECRET, WEBHOOK_SECRET, Callbacks, callbacks, person, truth
from tests.voice.helpers import create
from voice.calls.models import CallLog
from voice.carriers.callback_addresses import make_token
from voice.carriers.connecting import caller_of, connect
from voice.carriers.models import CarrierAccount
from voice.carriers.protocol import CallbackRequest, CallToPlace
from voice.dialer.models import CallPlacement, PlacementState

__all__ = ["callbacks"]

ADDRESS = "/api/v1/carrier-callbacks/{token}/"
FROM = {"country_code": "+44", "base_number": 2_079_460_018, "leading_zeros": 0}
PERSON = "+442079460500"


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


def account_at(sandbox: Sandbox, tenant: Tenant | None, protocol: str) -> CarrierAccount:
    """Return an account at the sandbox, of a tenant or of the platform."""
    secrets = {"key_id": KEY, "secret": SECRET, "agent": "lad-agent"}
    if protocol == "vapi":
        secrets = {"secret": KEY, "webhook_secret": WEBHOOK_SECRET, "agent": "an-assistant"}
    values = {"carrier": protocol, "base_url": f"{sandbox.url}/{protocol}", **secrets}
    if tenant is None:
        with platform_context():
            account: CarrierAccount = CarrierAccountFactory.create(tenant_id=None, **values)
            return account
    made: CarrierAccount = create(tenant, CarrierAccountFactory, **values)
    return made


@dataclass
class Line:
    """An account at the sandbox, through which calls are placed as the dialer places them."""

    sandbox: Sandbox
    callbacks: Callbacks
    tenant: Tenant
    account: CarrierAccount
    number: Any
    told: int = 0
    asked: list[CallToPlace] = field(default_factory=list)

    def call(self, behaviour: str, *, to: str = PERSON, language: str = "en", **values: Any) -> CallLog:
        """Place a call to somebody who behaves so."""
        person(self.sandbox, behaviour, number=to, language=language)
        given = {"to_country_code": to[:3], "to_base_number": int(to[3:]), "from_number": self.number}
        call: CallLog = create(self.tenant, CallLogFactory, **given)
        order = CallToPlace(call.pk, to, caller_of(self.number), self.callbacks.address)
        self.asked.append(order)
        placed = connect(self.account).place(order)
        now = self.sandbox.now()
        state = {"state": PlacementState.PLACED, "asked_at": now, "placed_at": now, "reference": placed.reference}
        create(
            self.tenant,
            CallPlacementFactory,
            call_log=call,
            to_phone=to,
            carrier_account=self.account,
            **{**state, **values},
        )
        return call

    def new(self) -> list[CallbackRequest]:
        """Return what the sandbox told since this was asked last."""
        got = self.callbacks.got[self.told :]
        self.told = len(self.callbacks.got)
        return got

    def deliver(self, requests: Sequence[CallbackRequest] | None = None, *, account: Any = None) -> list[Any]:
        """Take callbacks to LAD, by default what is new, and return its answers."""
        return [self.post(each, account=account) for each in (self.new() if requests is None else requests)]

    def post(self, request: CallbackRequest, *, account: Any = None) -> Any:
        given: dict[str, Any] = {
            f"HTTP_{name.upper().replace('-', '_')}": each for name, each in request.headers.items()
        }
        path = ADDRESS.format(token=make_token((account or self.account).pk))
        kept = {name: each for name, each in given.items() if "CONTENT" not in name}
        content: Any = request.body
        return APIClient().generic("POST", path, content, request.headers.get("content-type", "text/plain"), **kept)

    def finished(self, call: CallLog) -> CallLog:
        with platform_context(tenant_id=self.tenant.pk):
            return CallLog.objects.get(pk=call.pk)

    def placement(self, call: CallLog) -> CallPlacement:
        with platform_context(tenant_id=self.tenant.pk):
            return CallPlacement.objects.get(call_log=call.pk)

    def real(self, call: CallLog) -> dict[str, Any]:
        """Return what really happened."""
        [found] = truth(self.sandbox, call.pk)
        return found


@pytest.fixture
def line(sandbox: Sandbox, callbacks: Callbacks, tenant: Tenant) -> Any:
    def make(protocol: str, *, of: Tenant | None = tenant) -> Line:
        account = account_at(sandbox, of, protocol)
        number = create(tenant, VoiceNumberFactory, carrier_account=account, carrier_reference="", **FROM)
        numbers = {each.number: each.reference for each in connect(account).numbers()}
        with platform_context():
            CarrierAccount.all_objects.filter(pk=account.pk).update(numbers=numbers)
        account.numbers, number.carrier_account = numbers, account
        return Line(sandbox, callbacks, tenant, account, number)

    return make
