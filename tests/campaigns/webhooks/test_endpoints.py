"""Webhooks are set up by those who manage sending accounts. Their secret is shown once and stored encrypted."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from campaigns.design.models import Campaign
from campaigns.webhooks.models import WebhookEndpoint
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tests.campaigns.design.pages import filled
from tests.support.api import field_problems
from tests.support.database import stored
from tests.tenants.helpers import confirmed

LIST = "/admin/campaigns/webhookendpoint/"
API = "/api/v1/webhook-endpoints/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


def of(endpoint: WebhookEndpoint, action: str) -> str:
    return f"{LIST}{endpoint.pk}/{action}/"


def test_the_secret_of_a_new_webhook_is_shown_once(admin_of: Callable[..., Client], owner: User) -> None:
    browser = admin_of(owner)
    entries = filled(browser.get(f"{LIST}add/"), "webhookendpoint_form")
    assert "secret" not in entries
    entries |= {"name": "CRM", "url": "https://crm.acme.example/leads"}
    page = browser.post(f"{LIST}add/", entries, follow=True).content.decode()
    with platform_context():
        made = WebhookEndpoint.objects.get()
    assert SECRET.findall(page.replace("&#x3D;", "=")) == [made.secret]
    assert not SECRET.search(browser.get(of(made, "change")).content.decode())
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM webhook_endpoints")
        assert made.secret not in str(cursor.fetchall())


def test_a_new_secret_takes_the_place_of_the_old_one(
    admin_of: Callable[..., Client], api: Callable[..., APIClient], owner: User, endpoint: WebhookEndpoint
) -> None:
    before = stored(endpoint).secret
    client = confirmed(api, owner)
    assert "secret" not in client.get(f"{API}{endpoint.pk}/").json()
    answer = client.post(f"{API}{endpoint.pk}/new-secret/")
    assert answer.status_code == 200, answer.content
    assert answer.json() == {"secret": stored(endpoint).secret}
    assert SECRET.fullmatch(stored(endpoint).secret)
    assert stored(endpoint).secret != before


@pytest.mark.parametrize(
    "url",
    ["http://crm.acme.example/", "crm.acme.example", "https://", "ftp://crm.acme.example/", "https://me:pw@a.example/"],
)
def test_only_https_addresses_without_a_password_are_taken(
    api: Callable[..., APIClient], owner: User, url: str
) -> None:
    assert field_problems(api(owner).post(API, {"name": "CRM", "url": url}, format="json"))["url"]


def test_members_use_webhooks_and_do_not_set_them_up(
    api: Callable[..., APIClient], member: User, endpoint: WebhookEndpoint
) -> None:
    client = confirmed(api, member)
    assert client.get(f"{API}{endpoint.pk}/").status_code == 200
    refused = [
        client.post(API, {"name": "Mine", "url": "https://mine.example/"}, format="json"),
        client.patch(f"{API}{endpoint.pk}/", {"url": "https://mine.example/"}, format="json"),
        client.post(f"{API}{endpoint.pk}/new-secret/"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 3
    assert stored(endpoint).url == endpoint.url


def test_a_step_chooses_a_webhook_by_its_name(
    admin_of: Callable[..., Client], owner: User, campaign: Campaign, endpoint: WebhookEndpoint
) -> None:
    browser, url = admin_of(owner), f"/admin/campaigns/campaign/{campaign.pk}/add_step/?option=webhook"
    page: Any = browser.get(url)
    assert f'<option value="{endpoint.pk}">CRM</option>' in page.content.decode()
    assert browser.post(url, {**filled(page), "endpoint": str(endpoint.pk)}).status_code == 302
    with platform_context():
        assert campaign.steps.get().config == {"endpoint": str(endpoint.pk)}
