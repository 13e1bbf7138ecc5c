"""The page of a number: its rules are fields, and what else its metadata holds stays."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import faults, form_of, untouched
from tests.factories.voice import VoiceNumberFactory
from tests.voice.helpers import create
from voice.numbers.models import VoiceNumber

NUMBERS = "/admin/voice/voicenumber/"
OTHERS = {"outbound_trunk_id": "ST_1", "required_lead_format": ["E.164"]}
Browse = Callable[..., Client]


def change(number: VoiceNumber) -> str:
    return f"{NUMBERS}{number.pk}/change/"


def metadata_of(number: VoiceNumber) -> Any:
    with platform_context():
        return VoiceNumber.objects.get(pk=number.pk).metadata


@pytest.mark.parametrize(
    ("entered", "stored"),
    [
        ({"inbound": "on", "outbound": "on"}, {}),
        ({"outbound": "on"}, {"rules": {"inbound": False}}),
        ({"inbound": "on"}, {"rules": {"outbound": False}}),
        (
            {"inbound": "on", "outbound": "on", "allowed_outbound": ["IN", "AE"]},
            {"rules": {"allowed_outbound": ["AE", "IN"]}},
        ),
        # Countries may be typed by another name.
        ({"inbound": "on", "outbound": "on", "allowed_outbound": ["uae"]}, {"rules": {"allowed_outbound": ["AE"]}}),
        ({"inbound": "on", "outbound": "on", "allowed_outbound": ["global"]}, {}),
    ],
)
def test_a_number_is_added_with_its_rules(
    tenant: Tenant, admin: User, admin_of: Browse, entered: dict[str, Any], stored: Any
) -> None:
    browser = admin_of(admin)
    page = browser.get(f"{NUMBERS}add/")
    assert "metadata" not in form_of(page).fields
    assert {"inbound", "outbound"} <= set(untouched(page, VoiceNumber))
    body = {"phone": "+39 06 5550 1234", "status": "active", "provider": "custom", **entered}
    response = browser.post(f"{NUMBERS}add/", body)
    assert response.status_code == 302, faults(response)
    with platform_context():
        assert VoiceNumber.objects.get().metadata == stored


@pytest.mark.parametrize(
    ("rules", "entered", "stored"),
    [
        ({"inbound": True}, {}, {"inbound": True}),
        ({"inbound": False}, {"inbound": "on"}, {"inbound": True}),
        ({}, {"inbound": None}, {"inbound": False}),
        ({"allowed_outbound": "india|uae"}, {"outbound": None}, {"allowed_outbound": "india|uae", "outbound": False}),
        ({"allowed_outbound": "india|uae"}, {"allowed_outbound": ["AE"]}, {"allowed_outbound": ["AE"]}),
        ({"allowed_outbound": "india|uae"}, {"allowed_outbound": []}, {}),
    ],
)
def test_a_change_of_the_rules_keeps_the_rest_of_the_metadata(
    tenant: Tenant, admin: User, admin_of: Browse, rules: dict[str, Any], entered: dict[str, Any], stored: Any
) -> None:
    number = create(tenant, VoiceNumberFactory, metadata={"teams": ["North"], "rules": {**OTHERS, **rules}})
    browser = admin_of(admin)
    page = browser.get(change(number))
    body = {**untouched(page, VoiceNumber), **entered}
    response = browser.post(change(number), {name: value for name, value in body.items() if value is not None})
    assert response.status_code == 302, faults(response)
    assert metadata_of(number) == {"teams": ["North"], "rules": {**OTHERS, **stored}}


@pytest.mark.parametrize("word", ["atlantis", "x" * 101])
def test_a_word_that_is_no_country_is_refused_at_its_field(
    tenant: Tenant, admin: User, admin_of: Browse, word: str
) -> None:
    number = create(tenant, VoiceNumberFactory)
    browser = admin_of(admin)
    body = {**untouched(browser.get(change(number)), VoiceNumber), "allowed_outbound": ["IN", word]}
    response = browser.post(change(number), body)
    assert list(form_of(response).errors) == ["allowed_outbound"]
    assert metadata_of(number) == {}


def test_a_stored_word_that_is_no_country_only_hinders_a_change_of_the_rules(
    tenant: Tenant, admin: User, admin_of: Browse
) -> None:
    metadata = {"rules": {"allowed_outbound": ["atlantis"]}}
    number = create(tenant, VoiceNumberFactory, metadata=metadata)
    browser = admin_of(admin)
    body = untouched(browser.get(change(number)), VoiceNumber)
    assert body["allowed_outbound"] == ["atlantis"]
    assert browser.post(change(number), {**body, "daily_cap": "7"}).status_code == 302
    assert metadata_of(number) == metadata
    body.pop("inbound")
    assert list(form_of(browser.post(change(number), body)).errors) == ["allowed_outbound"]


def test_who_may_only_look_sees_the_rules_in_words(tenant: Tenant, viewer: User, admin_of: Browse) -> None:
    metadata = {"rules": {**OTHERS, "outbound": False, "allowed_outbound": ["IN", "AE"]}}
    page = admin_of(viewer).get(change(create(tenant, VoiceNumberFactory, metadata=metadata))).content.decode()
    assert "India, United Arab Emirates" in page
    assert "May call to" in page
    assert "ST_1" in page
    assert "allowed_outbound</dt>" not in page
    plain = admin_of(viewer).get(change(create(tenant, VoiceNumberFactory))).content.decode()
    assert "Every country" in plain
    assert "Healthy" in plain
    assert "(&#x27;healthy" not in plain
    assert "Other data" not in plain
