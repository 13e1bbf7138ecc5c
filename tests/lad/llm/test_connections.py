"""The test of a connection, in the admin and in the API."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from lad.llm.errors import SENTENCES, Fault
from lad.llm.models import ModelConnection, ModelUsage
from lad.llm.providers import ANTHROPIC, OPENAI_COMPATIBLE
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.kernel import ModelConnectionFactory
from tests.lad.llm.conftest import KEY, Connects
from tests.support.sandbox import Sandbox

BUTTON = "admin:llm_modelconnection_test_connection"
Api = Callable[..., APIClient]


@pytest.mark.parametrize(
    ("provider", "model", "key", "status", "structured", "reason"),
    [
        (OPENAI_COMPATIBLE, "sandbox-good", KEY, "connected", "json_schema", ""),
        (OPENAI_COMPATIBLE, "sandbox-no-schema", KEY, "connected", "json_object", ""),
        # It accepts the schema and keeps to nothing: that shows only when it is tried out.
        (OPENAI_COMPATIBLE, "sandbox-ignores-schema", KEY, "connected", "prompt", ""),
        (OPENAI_COMPATIBLE, "sandbox-new", KEY, "connected", "json_schema", ""),
        (ANTHROPIC, "sandbox-good", KEY, "connected", "json_schema", ""),
        (ANTHROPIC, "sandbox-no-schema", KEY, "connected", "prompt", ""),
        (OPENAI_COMPATIBLE, "sandbox-good", "wrong", "refused", None, SENTENCES[Fault.KEY_REFUSED]),
        (ANTHROPIC, "sandbox-unknown", KEY, "failed", None, SENTENCES[Fault.NO_SUCH_MODEL]),
        (OPENAI_COMPATIBLE, "sandbox-broken", KEY, "failed", None, SENTENCES[Fault.OVERLOADED]),
    ],
)
def test_a_test_tells_what_the_endpoint_can_do(
    tenant: Tenant,
    owner: User,
    api: Api,
    connect: Connects,
    provider: str,
    model: str,
    key: str,
    status: str,
    structured: str | None,
    reason: str,
) -> None:
    row = connect(model, provider, api_key=key)
    answer = api(owner).post(f"/api/v1/model-connections/{row.pk}/test/")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["reason"]) == (status, reason)
    assert ("sandbox-good" in answer.json()["models"]) is (key == KEY)
    with tenant_context(tenant.pk):
        row = ModelConnection.objects.get(pk=row.pk)
        # What a test takes counts like any other call.
        assert ModelUsage.objects.filter(purpose="llm.test").exists() is (status != "refused")
    assert (row.status, row.abilities.get("structured")) == (status, structured)
    assert ("sandbox-good" in row.offered_models) is (key == KEY)


def test_an_endpoint_that_lists_no_models_can_be_used(
    connect: Connects, owner: User, api: Api, sandbox: Sandbox
) -> None:
    row = connect()
    sandbox.fault("answer", protocol="models", stage="LIST", code=404)
    answer = api(owner).post(f"/api/v1/model-connections/{row.pk}/test/").json()
    assert (answer["status"], answer["models"]) == ("connected", [])


def test_the_button_tests_and_shows_the_result(tenant: Tenant, owner: User, admin_of, connect: Connects) -> None:
    row = connect("sandbox-no-json")
    browser: Client = admin_of(owner, tenant)
    page = f"/admin/llm/modelconnection/{row.pk}/change/"
    assert "Sandbox" in browser.get(page).content.decode()
    button = reverse(BUTTON, args=(row.pk,))
    assert browser.get(button).status_code == 200
    shown = browser.post(button, follow=True).content.decode()
    assert "sandbox-no-json answers." in shown
    assert "With the schema in words" in shown
    assert "sandbox-slow" in shown
    assert KEY not in shown


def test_only_who_may_change_a_connection_tests_it(
    tenant: Tenant,
    member: User,
    owner: User,
    other_owner: User,
    api: Api,
    admin_of,
    connect: Connects,
    sandbox: Sandbox,
) -> None:
    row = connect()
    with platform_context():
        platforms = ModelConnectionFactory.create(tenant_id=None, base_url=row.base_url, model=row.model, api_key=KEY)
    tried = [
        api(member).post(f"/api/v1/model-connections/{row.pk}/test/").status_code,
        api(other_owner).post(f"/api/v1/model-connections/{row.pk}/test/").status_code,
        # The platform pays for its own.
        api(owner).post(f"/api/v1/model-connections/{platforms.pk}/test/").status_code,
        admin_of(member, tenant).post(reverse(BUTTON, args=(row.pk,))).status_code,
        admin_of(owner, tenant).post(reverse(BUTTON, args=(platforms.pk,))).status_code,
    ]
    # Its pages lock what they change, and a tenant cannot lock a shared row.
    assert tried == [403, 404, 403, 403, 404]
    assert sandbox.log("model_call") == []


def test_the_platforms_connection_is_chosen_by_a_tenant_and_its_key_stays_hidden(
    tenant: Tenant, owner: User, root: Client, api: Api, sandbox: Sandbox
) -> None:
    values = {
        "name": "LAD's model",
        "provider": OPENAI_COMPATIBLE,
        "base_url": f"{sandbox.url}/v1",
        "model": "sandbox-good",
        "api_key": KEY,
        "is_active": "on",
        "seconds_per_call": "60",
    }
    assert root.post("/admin/llm/modelconnection/add/", values).status_code == 302
    listed = api(owner).get("/api/v1/model-connections/").json()["results"]
    [shared] = [row for row in listed if row["name"] == "LAD's model"]
    assert KEY not in str(shared)
    chosen = api(owner).post("/api/v1/model-choices/", {"connection": shared["id"]}, format="json")
    assert chosen.status_code == 201, chosen.content
