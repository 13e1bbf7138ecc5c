"""Samples of voices by signed links."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import VoiceAgentFactory, VoiceFactory
from tests.support.api import problem
from tests.voice.helpers import create
from voice.agents import samples

SAMPLE = "https://samples.voices.example/lena.mp3"


def path_of(response: Any) -> str:
    parts = urlsplit(response.json()["url"])
    return f"{parts.path}?{parts.query}"


def test_a_link_leads_to_the_sample_of_a_voice_or_an_agent(
    tenant: Tenant, viewer: User, api: Callable[..., Any]
) -> None:
    with platform_context():
        shared = VoiceFactory.create(tenant_id=None, voice_sample_url=SAMPLE)
    agent = create(tenant, VoiceAgentFactory, voice=create(tenant, VoiceFactory, voice_sample_url=SAMPLE))
    for address in (f"voice-agent-voices/{shared.pk}", f"voice-agents/{agent.pk}"):
        link = api(viewer).get(f"/api/v1/{address}/sample/")
        assert link.status_code == 200, link.content
        opened = APIClient().get(path_of(link))
        assert (opened.status_code, opened["Location"], opened["Referrer-Policy"]) == (302, SAMPLE, "no-referrer")


def test_what_has_no_sample_has_no_link(
    tenant: Tenant, other_tenant: Tenant, viewer: User, api: Callable[..., Any]
) -> None:
    silent, foreign = create(tenant, VoiceFactory, voice_sample_url=""), create(other_tenant, VoiceFactory)
    agent = create(tenant, VoiceAgentFactory, voice=None)
    for address in (f"voice-agent-voices/{silent.pk}", f"voice-agent-voices/{foreign.pk}", f"voice-agents/{agent.pk}"):
        assert problem(api(viewer).get(f"/api/v1/{address}/sample/")) == (404, "no_sample")


@pytest.mark.parametrize("change", ["altered", "other voice", "expired", "removed", "sample removed"])
def test_a_link_opens_one_sample_for_an_hour(
    tenant: Tenant, viewer: User, api: Callable[..., Any], change: str
) -> None:
    voice, other = create(tenant, VoiceFactory), create(tenant, VoiceFactory)
    link = samples.link_to(voice, tenant_id=tenant.pk, now=timezone.now() - timedelta(minutes=59))
    path, expected = link.path, (404, "link_invalid")
    if change == "altered":
        path = path[:-3] + ("aaa" if not path.endswith("aaa") else "bbb")
    elif change == "other voice":
        path = path.replace(str(voice.pk), str(other.pk))
    elif change == "expired":
        path = samples.link_to(voice, tenant_id=tenant.pk, now=timezone.now() - timedelta(minutes=61)).path
        expected = (403, "link_expired")
    else:
        assert APIClient().get(path).status_code == 302
        with platform_context():
            rows = type(voice).objects.filter(pk=voice.pk)
            rows.delete() if change == "removed" else rows.update(voice_sample_url="")
        expected = (404, "no_sample")
    assert problem(APIClient().get(path)) == expected
