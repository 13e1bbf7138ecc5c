"""The activity log as a file, for those who may take many rows out of LAD."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from campaigns.enrolment.models import ActivityStatus
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.activity.models import DataExport
from tests.campaigns.analytics.conftest import Scenario
from tests.factories.tenants import UserCapabilityFactory
from tests.support.api import problem
from tests.tenants.helpers import confirmed


@pytest.fixture
def logged(scenario: Scenario) -> Scenario:
    """One activity that failed and one that was done."""
    person = {"first_name": "Ada", "last_name": "Ek", "email": "ada@northwind.example", "company_name": "=cmd|x"}
    failed = {"error_message": "The address does not exist.", "channel": "email"}
    scenario.activity(scenario.enrolment(**person), "email", ActivityStatus.FAILED, **failed)
    scenario.activity(scenario.enrolment(), "linkedin", ActivityStatus.SENT, metadata={"outcome": "yes"})
    return scenario


def lines(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200, response.content
    assert response["Content-Disposition"] == 'attachment; filename="activities-autumn.csv"'
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def page_of(scenario: Scenario) -> str:
    return f"/admin/campaigns/campaign/{scenario.campaign.pk}/activities.csv"


def address_of(scenario: Scenario) -> str:
    return f"/api/v1/campaigns/{scenario.campaign.pk}/activities/export/"


def recorded() -> list[tuple[str, int | None]]:
    with platform_context():
        return list(DataExport.objects.values_list("kind", "row_count"))


def test_the_file_says_what_was_not_done_and_why(
    logged: Scenario, admin_of: Callable[..., Client], owner: User
) -> None:
    browser = admin_of(owner)
    assert page_of(logged) in browser.get(f"/admin/campaigns/campaign/{logged.campaign.pk}/change/").content.decode()
    sent, failed = lines(browser.get(page_of(logged)))
    assert (failed["lead"], failed["email"], failed["step"]) == ("Ada Ek", "ada@northwind.example", "email")
    assert (failed["status"], failed["channel"]) == ("Failed", "E-mail")
    assert failed["reason"] == "The address does not exist."
    # A spreadsheet does not run it.
    assert failed["company"] == "'=cmd|x"
    assert (sent["status"], sent["reason"], sent["outcome"]) == ("Sent", "", "yes")
    assert recorded() == [("campaign activities", 2)]


def test_the_api_filters_the_file_as_it_does_the_log(
    logged: Scenario, api: Callable[..., APIClient], owner: User
) -> None:
    unconfirmed = api(owner).get(address_of(logged))
    assert problem(unconfirmed) == (403, "step_up_required")
    client = confirmed(api, owner)
    assert [each["status"] for each in lines(client.get(address_of(logged), {"status": "failed"}))] == ["Failed"]
    assert recorded() == [("campaign activities", 1)]


def test_others_get_no_file(
    logged: Scenario, api: Callable[..., APIClient], admin_of: Callable[..., Client], viewer: User, other_owner: User
) -> None:
    assert confirmed(api, viewer).get(address_of(logged)).status_code == 403
    assert admin_of(viewer).get(page_of(logged)).status_code == 403
    shown = admin_of(viewer).get(page_of(logged).replace("activities.csv", "change/"))
    assert page_of(logged) not in shown.content.decode()
    assert confirmed(api, other_owner).get(address_of(logged)).status_code in (403, 404)
    assert admin_of(other_owner).get(page_of(logged)).status_code in (403, 404)
    assert recorded() == []


def test_the_right_to_export_alone_shows_no_campaign(
    logged: Scenario, api: Callable[..., APIClient], owner: User
) -> None:
    with platform_context(tenant_id=logged.tenant.pk):
        UserCapabilityFactory.create(user=owner, capability_key="campaigns.view", enabled=False)
    client = confirmed(api, owner)
    tables = f"/api/v1/campaigns/{logged.campaign.pk}/analytics/export/?table=funnel"
    for address in (address_of(logged), tables, "/api/v1/campaigns/stats/export/"):
        assert problem(client.get(address))[0] == 403
    assert recorded() == []
