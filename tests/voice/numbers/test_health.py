"""What the days of a number tell, and how a person lets it rest."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import NumberDayFactory, VoiceNumberFactory
from tests.support.api import field_problems, problem
from tests.support.events import payloads
from tests.voice.helpers import create
from voice.numbers.health import Figures, Label, judge
from voice.numbers.models import VoiceNumber

NUMBERS = "/api/v1/voice-agent-numbers/"


@pytest.mark.parametrize(
    ("figures", "label", "said"),
    [
        ({}, Label.HEALTHY, []),
        # Too few calls tell nothing.
        ({"unanswered": 19}, Label.HEALTHY, []),
        ({"unanswered": 20}, Label.REST, ["Only 0 of 20 calls were answered by a person."]),
        ({"answered": 1, "voicemails": 9, "unanswered": 10}, Label.REST, ["Only 1 of 20"]),
        ({"answered": 2, "unanswered": 18}, Label.WATCH, ["Only 2 of 20"]),
        ({"answered": 3, "unanswered": 17}, Label.HEALTHY, []),
        # Failed calls say nothing about people.
        ({"failed": 100}, Label.HEALTHY, []),
        ({"answered": 9, "short": 9}, Label.HEALTHY, []),
        ({"answered": 10, "short": 3}, Label.WATCH, ["3 of 10 answered calls ended within seconds."]),
        ({"answered": 10, "short": 5}, Label.REST, ["5 of 10 answered"]),
        ({"answered": 30, "complaints": 1}, Label.HEALTHY, []),
        ({"answered": 30, "complaints": 2}, Label.REST, ["2 of 30 people asked not to be called again."]),
        ({"answered": 100, "complaints": 2}, Label.WATCH, ["2 of 100 people"]),
        ({"answered": 300, "complaints": 2}, Label.HEALTHY, []),
        # The worst counts, and every reason is named.
        (
            {"answered": 10, "short": 4, "unanswered": 190, "complaints": 2},
            Label.REST,
            ["2 of 200 people", "4 of 10 answered", "Only 10 of 200"],
        ),
    ],
)
def test_a_number_is_judged_by_its_rates(figures: dict[str, int], label: Label, said: list[str]) -> None:
    found = judge(Figures(**figures))
    assert found.label == label
    assert len(found.reasons) == len(said)
    assert all(reason.startswith(beginning) for reason, beginning in zip(found.reasons, said, strict=True))


def test_the_health_of_a_number_is_shown(
    tenant: Tenant, other_tenant: Tenant, viewer: User, api: Callable[..., Any]
) -> None:
    number = create(tenant, VoiceNumberFactory, daily_cap=50)
    today = timezone.now().date()
    create(tenant, NumberDayFactory, number=number, day=today, placed=30, answered=12, short=5, unanswered=12)
    create(tenant, NumberDayFactory, number=number, day=today - timedelta(days=1), placed=9, voicemails=6)
    create(tenant, NumberDayFactory, number=number, day=today - timedelta(days=7), placed=90, unanswered=90)
    shown = api(viewer).get(f"{NUMBERS}{number.pk}/health/").json()
    assert (shown["health"], shown["reasons"]) == ("watch", ["5 of 12 answered calls ended within seconds."])
    assert (shown["placed_today"], shown["left_today"], shown["resting_until"]) == (30, 20, None)
    assert (shown["figures"]["placed"], shown["figures"]["connect_rate"]) == (39, 0.4)
    stranger = create(other_tenant, VoiceNumberFactory)
    assert api(viewer).get(f"{NUMBERS}{stranger.pk}/health/").status_code == 404
    days = api(viewer).get("/api/v1/voice-number-days/", {"number": str(number.pk)}).json()["results"]
    assert [row["placed"] for row in days] == [30, 9, 90]


def test_a_person_lets_a_number_rest_and_ends_the_rest(
    tenant: Tenant, admin: User, viewer: User, api: Callable[..., Any]
) -> None:
    number = create(tenant, VoiceNumberFactory)
    url, until = f"{NUMBERS}{number.pk}/", (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    body = {"until": until.isoformat(), "reason": "Shown as spam in Berlin."}
    assert api(viewer).post(f"{url}rest/", body, format="json").status_code == 403
    assert problem(api(admin).post(f"{url}resume/")) == (409, "not_resting")
    for wrong in (timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(days=366)):
        response = api(admin).post(f"{url}rest/", {"until": wrong.isoformat()}, format="json")
        assert field_problems(response) == {"until": ["Choose a time within the next year."]}
    assert api(admin).post(f"{url}rest/", body, format="json").status_code == 200
    shown = api(viewer).get(f"{url}health/").json()
    assert (shown["health"], shown["reasons"]) == ("rest", ["Shown as spam in Berlin."])
    [event] = payloads("voice.number.rested", number.pk)
    assert event["reason"] == "Shown as spam in Berlin."
    assert api(admin).post(f"{url}resume/").json()["rest_reason"] == ""
    assert api(viewer).get(f"{url}health/").json()["health"] == "healthy"
    assert len(payloads("voice.number.resumed", number.pk)) == 1


def test_the_page_of_a_number_shows_its_health_and_its_days(
    tenant: Tenant, admin: User, admin_of: Callable[..., Client]
) -> None:
    number = create(tenant, VoiceNumberFactory)
    create(tenant, NumberDayFactory, number=number, day=timezone.now().date(), placed=21, unanswered=21)
    client = admin_of(admin)
    page = f"/admin/voice/voicenumber/{number.pk}/"
    for address in ("/admin/voice/voicenumber/", f"{page}change/"):
        shown = client.get(address).content.decode()
        assert "Rest" in shown
        assert "21 of 100" in shown
    assert "Only 0 of 21 calls were answered by a person." in shown
    assert client.post(f"{page}rest/", {"days": 4, "reason": ""}).status_code == 302
    with platform_context():
        stored = VoiceNumber.objects.get(pk=number.pk)
    assert stored.resting_until is not None
    assert timedelta(days=4) < stored.resting_until - timezone.now() <= timedelta(days=5)
    assert client.post(f"{page}resume/", {}).status_code == 302
    with platform_context():
        assert VoiceNumber.objects.get(pk=number.pk).resting_until <= timezone.now()


def test_a_rule_that_names_no_country_is_refused(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    body = {"phone": "+39 06 5550 1234", "metadata": {"rules": {"allowed_outbound": ["india", "atlantis"]}}}
    answer = field_problems(api(admin).post(NUMBERS, body, format="json"))
    assert list(answer) == ["metadata"]
    assert "“atlantis”" in answer["metadata"][0]
    body["metadata"] = {"rules": {"allowed_outbound": ["india", "ae"]}}
    assert api(admin).post(NUMBERS, body, format="json").status_code == 201
