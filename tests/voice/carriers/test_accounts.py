"""Carrier accounts: what they need, where their secrets go, the test of one, and numbers that call through them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import CarrierAccountFactory, VoiceNumberFactory
from tests.support.sandbox import Sandbox
from tests.voice.carriers.conftest import KEY, SECRET, WEBHOOK_SECRET
from voice.carriers.connecting import account_of, caller_of, connect
from voice.carriers.errors import NoCarrier
from voice.carriers.models import AccountStatus, CarrierAccount
from voice.carriers.services import UsedByNumbers
from voice.carriers.services import test_account as run_test

BUTTON = "admin:voice_carrieraccount_test_account"
LIST = "/api/v1/carrier-accounts/"
Api = Callable[..., APIClient]
LIVEKIT: dict[str, Any] = {"carrier": "livekit", "key_id": KEY, "secret": SECRET, "agent": "lad-agent"}
VAPI: dict[str, Any] = {"carrier": "vapi", "secret": KEY, "webhook_secret": WEBHOOK_SECRET, "agent": "an-assistant"}
BY_CARRIER: dict[str, dict[str, Any]] = {"livekit": LIVEKIT, "vapi": VAPI}


def made(tenant: Tenant | None, sandbox: Sandbox | None = None, **values: Any) -> CarrierAccount:
    with platform_context(tenant_id=tenant.pk if tenant else None):
        if sandbox is not None:
            values = {**BY_CARRIER[values.get("carrier", "livekit")], **values}
            values.setdefault("base_url", f"{sandbox.url}/{values['carrier']}")
        row: CarrierAccount = CarrierAccountFactory.create(tenant_id=tenant.pk if tenant else None, **values)
    return row


def stored(row: CarrierAccount) -> CarrierAccount:
    with platform_context():
        found: CarrierAccount = CarrierAccount.all_objects.get(pk=row.pk)
    return found


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({**LIVEKIT, "base_url": "https://acme.livekit.cloud"}, []),
        ({**LIVEKIT, "base_url": "https://acme.livekit.cloud/"}, []),
        (VAPI, []),
        ({"carrier": "livekit"}, ["base_url"]),
        ({**LIVEKIT, "base_url": "http://acme.livekit.cloud"}, ["base_url"]),
        ({**LIVEKIT, "base_url": "wss://acme.livekit.cloud"}, ["base_url"]),
        ({**LIVEKIT, "base_url": "https://10.0.0.1"}, ["base_url"]),
        ({**VAPI, "base_url": "https://user:pass@api.vapi.ai"}, ["base_url"]),
        ({**VAPI, "carrier": "pigeon"}, ["carrier"]),
    ],
)
def test_what_an_account_needs(owner: User, api: Api, values: dict[str, str], fields: list[str]) -> None:
    answer = api(owner).post(LIST, {"name": "Ours", **values}, format="json")
    assert answer.status_code == (400 if fields else 201), answer.content
    assert SECRET not in answer.content.decode()
    if fields:
        assert sorted(answer.json()["errors"]) == fields
    else:
        address = "https://api.vapi.ai" if values["carrier"] == "vapi" else "https://acme.livekit.cloud"
        assert (answer.json()["base_url"], answer.json()["status"]) == (address, "untested")


@pytest.mark.parametrize(
    ("changes", "status", "fields"),
    [
        ({"name": "Another name"}, 200, []),
        ({"agent": "another"}, 200, []),
        ({"base_url": "https://elsewhere.example"}, 400, ["secret", "webhook_secret"]),
        ({"base_url": "https://elsewhere.example", "secret": "new", "webhook_secret": "new"}, 200, []),
        ({"base_url": "https://elsewhere.example", "secret": "new"}, 400, ["webhook_secret"]),
        # A secret that is emptied goes nowhere.
        ({"base_url": "https://elsewhere.example", "secret": "", "webhook_secret": "new"}, 200, []),
        ({"secret": "new"}, 200, []),
    ],
)
def test_secrets_go_to_no_other_address(
    tenant: Tenant, owner: User, api: Api, changes: dict[str, str], status: int, fields: list[str]
) -> None:
    row = made(
        tenant, **VAPI, base_url="https://api.vapi.ai", status=AccountStatus.CONNECTED, numbers={"+442079460018": "n"}
    )
    answer = api(owner).patch(f"{LIST}{row.pk}/", changes, format="json")
    assert answer.status_code == status, answer.content
    assert sorted(answer.json().get("errors", {})) == fields
    after = stored(row)
    untested = status == 200 and changes.keys() & {"base_url", "secret"}
    assert (after.status, after.numbers == {}) == (
        (AccountStatus.UNTESTED, True) if untested else (AccountStatus.CONNECTED, False)
    )
    assert after.secret == (changes.get("secret", KEY) if status == 200 else KEY)


@pytest.mark.parametrize("carrier", ["livekit", "vapi"])
@pytest.mark.parametrize(
    ("values", "fault", "status"),
    [
        ({}, {}, "connected"),
        ({"secret": "wrong-" * 8}, {}, "refused"),
        ({}, {"kind": "answer", "code": 500, "times": 3}, "unreachable"),
        ({"base_url": "http://127.0.0.1:1"}, {}, "unreachable"),
        ({"secret": ""}, {}, "refused"),
        ({}, {"kind": "answer", "code": 429, "seconds": 9}, None),
    ],
)
def test_the_test_says_what_the_carrier_says(
    tenant: Tenant,
    owner: User,
    api: Api,
    sandbox: Sandbox,
    carrier: str,
    values: dict[str, str],
    fault: dict[str, Any],
    status: str | None,
) -> None:
    row = made(tenant, sandbox, carrier=carrier, **values)
    if fault:
        sandbox.fault(protocol=carrier, stage="LIST", **fault)
    answer = api(owner).post(f"{LIST}{row.pk}/test/")
    if status is None:
        assert (answer.status_code, answer.json()["code"]) == (429, "carrier_limit_reached")
        assert stored(row).status == AccountStatus.UNTESTED
        return
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    after = stored(row)
    assert (after.status, bool(after.numbers), after.tested_at is not None) == (status, status == "connected", True)
    assert KEY not in answer.json()["reason"]
    assert sandbox.log("voice_placed") == []


def test_the_button_tests_and_the_page_shows_the_numbers(
    tenant: Tenant, owner: User, admin_of: Callable[..., Client], sandbox: Sandbox
) -> None:
    row = made(tenant, sandbox)
    browser = admin_of(owner, tenant)
    page = f"/admin/voice/carrieraccount/{row.pk}/change/"
    before = browser.get(page).content.decode()
    assert ("Sandbox" in before, "Test the account to see them." in before) == (True, True)
    shown = browser.post(reverse(BUTTON, args=(row.pk,)), follow=True).content.decode()
    assert "The carrier answers." in shown
    assert "+442079460018 (ST_sandbox)" in shown
    assert SECRET not in shown


def test_only_who_may_change_an_account_tests_it(
    tenant: Tenant, member: User, owner: User, other_owner: User, api: Api, sandbox: Sandbox
) -> None:
    row, platforms = made(tenant, sandbox), made(None, sandbox)
    tried = [
        api(member).post(f"{LIST}{row.pk}/test/").status_code,
        api(owner).post(f"{LIST}{platforms.pk}/test/").status_code,
        api(other_owner).post(f"{LIST}{row.pk}/test/").status_code,
    ]
    assert tried[:2] == [403, 403]
    assert tried[2] in (403, 404)
    assert sandbox.log("voice_request") == []
    seen = api(owner).get(f"{LIST}{platforms.pk}/")
    assert (seen.status_code, SECRET in seen.content.decode()) == (200, False)


def test_a_test_says_nothing_of_what_was_changed_meanwhile(tenant: Tenant, sandbox: Sandbox) -> None:
    row = made(tenant, sandbox, secret="wrong-" * 8)
    with platform_context():
        CarrierAccount.all_objects.filter(pk=row.pk).update(secret=SECRET)
    assert run_test(account=row).status == AccountStatus.REFUSED
    assert stored(row).status == AccountStatus.UNTESTED


def test_a_number_calls_through_its_account(tenant: Tenant, owner: User, api: Api, sandbox: Sandbox) -> None:
    account = made(None, sandbox)
    with tenant_context(tenant.pk):
        number = VoiceNumberFactory.create(country_code="+44", base_number=2079460018, leading_zeros=0)
        with pytest.raises(NoCarrier, match="no carrier account"):
            account_of(number)
    answer = api(owner).patch(
        f"/api/v1/voice-agent-numbers/{number.pk}/", {"carrier_account": str(account.pk)}, format="json"
    )
    assert answer.status_code == 200, answer.content
    with tenant_context(tenant.pk):
        number = type(number).objects.select_related("carrier_account").get(pk=number.pk)
        with pytest.raises(NoCarrier, match="Test the carrier account"):
            caller_of(number)
    run_test(account=account)
    with tenant_context(tenant.pk):
        number = type(number).objects.select_related("carrier_account").get(pk=number.pk)
        assert (caller_of(number).number, caller_of(number).reference) == ("+442079460018", "ST_sandbox")
        number.metadata = {"rules": {"outbound_trunk_id": "ST_rules"}}
        number.carrier_reference = "ST_entered"
        assert caller_of(number).reference == "ST_entered"
    assert len(connect(account_of(number)).numbers()) == 4
    number.carrier_account.is_active = False
    with pytest.raises(NoCarrier):
        caller_of(number)


@pytest.mark.parametrize(
    ("carrier", "missing"),
    [("livekit", "key_id"), ("livekit", "secret"), ("vapi", "webhook_secret"), ("vapi", "agent")],
)
def test_an_account_that_is_not_complete_says_what_it_lacks(
    tenant: Tenant, sandbox: Sandbox, carrier: str, missing: str
) -> None:
    account = made(tenant, sandbox, carrier=carrier, **{missing: ""})
    tested = run_test(account=account)
    label = {"key_id": "API key's name", "webhook_secret": "callback secret"}.get(missing, missing)
    assert (tested.status, f"Enter its {label}." in tested.reason) == (AccountStatus.REFUSED, True)
    with tenant_context(tenant.pk):
        number = VoiceNumberFactory.create(carrier_account=account)
        with pytest.raises(NoCarrier, match="not complete"):
            account_of(number)
    assert sandbox.log("voice_request") == []


def test_an_account_that_numbers_use_is_not_deleted(
    tenant: Tenant, other_tenant: Tenant, owner: User, other_owner: User, api: Api, sandbox: Sandbox
) -> None:
    own = made(tenant)
    with tenant_context(tenant.pk):
        number = VoiceNumberFactory.create(carrier_account=own)
    refused = api(owner).delete(f"{LIST}{own.pk}/")
    assert (refused.status_code, refused.json()["code"]) == (409, UsedByNumbers.code)
    foreign = made(other_tenant)
    answer = api(owner).patch(
        f"/api/v1/voice-agent-numbers/{number.pk}/", {"carrier_account": str(foreign.pk)}, format="json"
    )
    assert answer.status_code == 400
    with tenant_context(tenant.pk):
        type(number).objects.filter(pk=number.pk).update(carrier_account=None)
    assert api(owner).delete(f"{LIST}{own.pk}/").status_code == 204
