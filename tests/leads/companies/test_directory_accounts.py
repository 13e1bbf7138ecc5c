"""Directory accounts: whose is used, what happens to keys, and the test of one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from demo.leads import directories
from lad.mail.kinds import Obsolete, mail_kinds
from lad.mail.models import MailDelivery
from lad.tenancy.context import platform_context, tenant_context
from leads.companies.accounts.errors import NoDirectory
from leads.companies.accounts.models import AccountStatus, DirectoryAccount
from leads.companies.accounts.selectors import account_for
from leads.companies.apollo.client import Apollo
from leads.companies.apollo.endpoints import endpoints
from leads.companies.apollo.errors import CreditsUsedUp, KeyRefused
from leads.companies.apollo.queries import PeopleQuery
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.education import DirectoryAccountFactory
from tests.leads.companies.conftest import KEY, Connects, address
from tests.support.sandbox import Sandbox

BUTTON = "admin:leads_directoryaccount_test_account"
LIST = "/api/v1/directory-accounts/"
Api = Callable[..., APIClient]


@pytest.mark.parametrize(
    ("own", "platforms", "used"),
    [
        ([], [], None),
        ([], ["platform"], "platform"),
        (["own"], ["platform"], "own"),
        (["old", "new"], ["platform"], "new"),
        (["own:inactive"], ["platform"], "platform"),
        (["own:deleted"], ["platform"], "platform"),
        (["own:inactive"], ["platform:inactive"], None),
        # The platform does not pay for a tenant whose own key is refused.
        (["own:refused"], ["platform"], "own"),
    ],
)
def test_which_account_a_tenant_uses(
    tenant: Tenant, other_tenant: Tenant, own: list[str], platforms: list[str], used: str | None
) -> None:
    with tenant_context(other_tenant.pk):
        DirectoryAccountFactory.create(name="another tenant's")
    for names, tenant_id in ((platforms, None), (own, tenant.pk)):
        with platform_context(tenant_id=tenant_id):
            for name, _, state in (each.partition(":") for each in names):
                DirectoryAccountFactory.create(
                    name=name,
                    tenant_id=tenant_id,
                    is_active=state != "inactive",
                    deleted_at=timezone.now() if state == "deleted" else None,
                    status=AccountStatus.KEY_REFUSED if state == "refused" else AccountStatus.UNTESTED,
                )
    with tenant_context(tenant.pk):
        if used is None:
            with pytest.raises(NoDirectory, match="No directory is connected"):
                account_for(tenant.pk)
        else:
            assert account_for(tenant.pk).name == used


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"name": "Another name"}, 200, ""),
        ({"base_url": "https://elsewhere.example/api/v1"}, 400, "api_key"),
        ({"base_url": "https://elsewhere.example/api/v1", "api_key": "another"}, 200, ""),
        ({"base_url": "https://10.0.0.1/api/v1", "api_key": "another"}, 400, "base_url"),
        ({"base_url": "http://elsewhere.example/api/v1", "api_key": "another"}, 400, "base_url"),
        ({"base_url": "https://localhost/api/v1", "api_key": "another"}, 400, "base_url"),
        ({"base_url": "https://user:pass@elsewhere.example/", "api_key": "another"}, 400, "base_url"),
        ({"provider": "unipile"}, 400, "provider"),
        # The stored key is removed, or entered once more by somebody who knows it.
        ({"base_url": "https://elsewhere.example/api/v1", "api_key": ""}, 200, ""),
        ({"base_url": "https://elsewhere.example/api/v1", "api_key": "first"}, 200, ""),
    ],
)
def test_a_key_goes_to_no_other_address(
    tenant: Tenant, owner: User, api: Api, feature: None, changes: dict[str, str], status: int, field: str
) -> None:
    with tenant_context(tenant.pk):
        row = DirectoryAccountFactory.create(api_key="first", status=AccountStatus.CONNECTED)
    answer = api(owner).patch(f"{LIST}{row.pk}/", changes, format="json")
    assert answer.status_code == status, answer.content
    assert "first" not in answer.content.decode()
    if field:
        assert list(answer.json()["errors"]) == [field]
    with tenant_context(tenant.pk):
        row = DirectoryAccount.objects.get(pk=row.pk)
    untested = status == 200 and changes.keys() & {"base_url", "api_key"}
    assert row.status == (AccountStatus.UNTESTED if untested else AccountStatus.CONNECTED)
    assert row.api_key == (changes["api_key"] if untested else "first")


@pytest.mark.parametrize(
    ("key", "status", "credits"),
    [(KEY, "connected", 1_000_000), ("wrong", "key_refused", None), ("sandbox-scoped", "plan_refused", None)],
)
def test_the_test_says_what_the_key_may_do(
    tenant: Tenant,
    owner: User,
    api: Api,
    feature: None,
    directory: Connects,
    sandbox: Sandbox,
    key: str,
    status: str,
    credits: int | None,
) -> None:
    row = directory(key)
    answer = api(owner).post(f"{LIST}{row.pk}/test/")
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    listed = api(owner).get(f"{LIST}{row.pk}/").json()
    assert (listed["status"], listed["credits"].get("lead_credit", {}).get("left")) == (status, credits)
    if credits:
        assert listed["usage"]["mixed_people/api_search"]["minute"] == {"limit": 200, "used": 1, "left": 199}
    assert "api_key" not in listed or key not in str(listed["api_key"])
    assert sandbox.log("apollo_charge") == []


def test_a_directory_that_is_away_is_not_reachable(
    owner: User, api: Api, feature: None, directory: Connects, sandbox: Sandbox
) -> None:
    row = directory()
    sandbox.fault("answer", protocol="apollo", stage="SEARCH", code=500, times=3)
    assert api(owner).post(f"{LIST}{row.pk}/test/").json()["status"] == "unreachable"
    elsewhere = directory(name="Elsewhere", address=sandbox.url)
    answer = api(owner).post(f"{LIST}{elsewhere.pk}/test/").json()
    assert (answer["status"], "Check it" in answer["reason"]) == ("unreachable", True)


def test_the_button_tests_and_the_page_shows_what_is_left(
    tenant: Tenant, owner: User, admin_of, feature: None, directory: Connects
) -> None:
    row = directory()
    browser: Client = admin_of(owner, tenant)
    page = f"/admin/leads/directoryaccount/{row.pk}/change/"
    before = browser.get(page).content.decode()
    assert ("Sandbox" in before, "Test the account to see it." in before) == (True, True)
    assert browser.get(reverse(BUTTON, args=(row.pk,))).status_code == 200
    shown = browser.post(reverse(BUTTON, args=(row.pk,)), follow=True).content.decode()
    assert "The directory answers." in shown
    assert "E-mail addresses: 1,000,000 of 1,000,000" in shown
    assert "Search people: 199 of 200 per minute, 5,999 of 6,000 per hour, 49,999 of 50,000 per day" in shown
    assert KEY not in shown


def test_only_who_may_change_an_account_tests_it(
    tenant: Tenant,
    member: User,
    owner: User,
    other_owner: User,
    api: Api,
    feature: None,
    directory: Connects,
    sandbox: Sandbox,
) -> None:
    row = directory()
    with platform_context():
        platforms = DirectoryAccountFactory.create(tenant_id=None, base_url=row.base_url, api_key=KEY)
    tried = [
        api(member).post(f"{LIST}{row.pk}/test/").status_code,
        api(other_owner).post(f"{LIST}{row.pk}/test/").status_code,
        api(owner).post(f"{LIST}{platforms.pk}/test/").status_code,
    ]
    assert tried[0] == tried[2] == 403
    assert tried[1] in (403, 404)
    assert sandbox.log("apollo_call") == []
    seen = api(owner).get(f"{LIST}{platforms.pk}/")
    assert (seen.status_code, KEY in seen.content.decode()) == (200, False)


def test_a_refusal_in_use_is_kept_on_the_platforms_account_too(tenant: Tenant, sandbox: Sandbox) -> None:
    with platform_context():
        row = DirectoryAccountFactory.create(
            tenant_id=None, base_url=address(sandbox), api_key="sandbox-poor", status=AccountStatus.CONNECTED
        )
    with tenant_context(tenant.pk):
        used = account_for(tenant.pk)
    client = Apollo(used)
    ids = [each.id for each in client.search_people(PeopleQuery(per_page=4)).people]
    with pytest.raises(CreditsUsedUp):
        client.bulk_match(ids)
    assert stored(row).status == AccountStatus.CONNECTED
    sandbox.fault("answer", protocol="apollo", stage="BULK", code=401)
    with pytest.raises(KeyRefused):
        client.bulk_match(ids)
    assert (stored(row).status, "refused the API key" in stored(row).status_reason) == (AccountStatus.KEY_REFUSED, True)


def test_owners_are_told_once_that_an_account_works_no_longer(tenant: Tenant, owner: User, directory: Connects) -> None:
    row, never = directory("wrong"), directory("wrong", name="Never worked")
    with platform_context():
        DirectoryAccount.objects.filter(pk=row.pk).update(status=AccountStatus.CONNECTED)
    for used in (stored(row), stored(row), never):
        with pytest.raises(KeyRefused):
            Apollo(used).search_people(PeopleQuery())
    with platform_context():
        [mail] = MailDelivery.objects.filter(kind="directory_refused")
        content = mail_kinds.get(mail.kind).build(mail, timezone.now())
    assert (mail.to_address, mail.subject_id, mail.tenant_id) == (owner.email, row.pk, tenant.pk)
    assert "refused the API key" in str(content.context["reason"])
    with platform_context():
        DirectoryAccount.objects.filter(pk=row.pk).update(status=AccountStatus.UNTESTED)
        with pytest.raises(Obsolete):
            mail_kinds.get(mail.kind).build(mail, timezone.now())


def test_a_new_key_is_not_blamed_for_the_old_one(tenant: Tenant, directory: Connects) -> None:
    row = directory("wrong")
    with tenant_context(tenant.pk):
        DirectoryAccount.objects.filter(pk=row.pk).update(api_key=KEY)
    with pytest.raises(KeyRefused):
        Apollo(row).search_people(PeopleQuery())
    assert stored(row).status == AccountStatus.UNTESTED


def stored(row: DirectoryAccount) -> DirectoryAccount:
    with platform_context():
        found: DirectoryAccount = DirectoryAccount.all_objects.get(pk=row.pk)
    return found


def test_the_demo_finds_people_in_the_sandbox(tenant: Tenant, sandbox: Sandbox) -> None:
    with platform_context():
        directories.load_shared(timezone.now())
    with tenant_context(tenant.pk):
        account = account_for(tenant.pk)
    assert endpoints.is_sandbox(account.base_url)
    assert Apollo(account).search_people(PeopleQuery(locations=("dubai",))).total > 500


def test_without_a_sandbox_the_demo_has_no_directory(db: None, settings: Any) -> None:
    settings.SANDBOX_URL = ""
    with platform_context():
        directories.load_shared(timezone.now())
        assert not DirectoryAccount.objects.exists()
