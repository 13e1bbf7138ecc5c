"""Templates are kept as WhatsApp lists them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.accounts.models import ChannelAccount, TemplateStatus, WhatsappTemplate
from campaigns.accounts.troubles import AccountTrouble
from campaigns.accounts.whatsapp_templates import GONE, Synchronised, approved_templates
from campaigns.channels.whatsapp.content import missing_part, variable_names
from campaigns.channels.whatsapp.templates import synchronise, synchronise_all
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.campaigns.channels.texting import BUSINESS_ID
from tests.factories.campaigns import ChannelAccountFactory
from tests.support.api import problem
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db


def tell(sandbox: Sandbox, *templates: dict[str, Any]) -> None:
    sandbox.call("POST", f"/networks/accounts/{BUSINESS_ID}", json={"templates": list(templates)})


def template(name: str, body: str = "Hello {{1}}", **values: Any) -> dict[str, Any]:
    found = {"name": name, "language": "en", "category": "MARKETING", "status": "APPROVED"}
    return {**found, "components": [{"type": "BODY", "text": body}], **values}


def kept(account: ChannelAccount) -> dict[tuple[str, str], WhatsappTemplate]:
    with tenant_context(account.tenant_id):
        return {(row.name, row.language): row for row in WhatsappTemplate.objects.filter(channel_account=account)}


def test_templates_are_read_with_their_state_and_number_of_variables(whatsapp: ChannelAccount) -> None:
    found = synchronise(whatsapp)
    assert (found.added, found.changed, found.gone) == (7, 0, 0)
    rows = kept(whatsapp)
    introduction = rows["introduction", "en"]
    assert (introduction.status, introduction.variables) == (TemplateStatus.APPROVED, 2)
    assert introduction.body.startswith("Hello {{1}}")
    assert rows["autumn_offer", "en"].status == TemplateStatus.PENDING
    assert rows["free_money", "en"].status == TemplateStatus.REJECTED
    with tenant_context(whatsapp.tenant_id):
        chosen = [(row.name, row.language) for row in approved_templates(whatsapp)]
    assert chosen[:3] == [("booking_reminder", "en"), ("follow_up", "en"), ("hello_world", "en_US")]
    assert ("autumn_offer", "en") not in chosen


def test_reading_again_changes_what_has_changed_and_disables_what_is_gone(
    sandbox: Sandbox, whatsapp: ChannelAccount
) -> None:
    tell(sandbox, template("one"), template("two"), template("three"))
    assert synchronise(whatsapp) == Synchronised(added=3, changed=0, gone=0, approved=3)
    tell(
        sandbox,
        template("one"),
        template("two", status="REJECTED", rejected_reason="ABUSIVE_CONTENT"),
        template("four"),
    )
    assert synchronise(whatsapp) == Synchronised(added=1, changed=1, gone=1, approved=2)
    assert synchronise(whatsapp) == Synchronised(added=0, changed=0, gone=0, approved=2)
    rows = kept(whatsapp)
    two, three = rows["two", "en"], rows["three", "en"]
    assert (two.status, two.status_reason) == (TemplateStatus.REJECTED, "Abusive content")
    assert (three.status, three.status_reason) == (TemplateStatus.DISABLED, GONE)


def test_all_pages_are_read(sandbox: Sandbox, whatsapp: ChannelAccount) -> None:
    tell(sandbox, *(template(f"template_{number}") for number in range(230)))
    assert synchronise(whatsapp).added == 230
    assert len(sandbox.log("network_request")) == 3


def test_nothing_is_lost_if_a_page_cannot_be_read(sandbox: Sandbox, whatsapp: ChannelAccount) -> None:
    tell(sandbox, *(template(f"template_{number}") for number in range(130)))
    synchronise(whatsapp)
    sandbox.fault("answer", protocol="whatsapp_cloud", stage="LIST", code=401, text="190", skip=1)
    with pytest.raises(AccountTrouble):
        synchronise(whatsapp)
    assert {row.status for row in kept(whatsapp).values()} == {TemplateStatus.APPROVED}


def test_the_regular_task_reads_every_number_that_works(
    sandbox: Sandbox, whatsapp: ChannelAccount, other_tenant: Tenant
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        broken = ChannelAccountFactory.create(
            provider="whatsapp_cloud",
            provider_account_id="1",
            provider_parent_id="no-such-business",
            base_url=whatsapp.base_url,
            secret="sandbox",
        )
    assert synchronise_all() == 1
    assert len(kept(whatsapp)) == 7
    assert kept(broken) == {}


def test_the_api_reads_templates_for_those_who_may(
    whatsapp: ChannelAccount, owner: User, viewer: User, other_owner: User, api: Any
) -> None:
    address, body = "/api/v1/whatsapp-templates/synchronise/", {"channel_account": str(whatsapp.pk)}
    assert problem(api(viewer).post(address, body, format="json"))[0] == 403
    assert api(other_owner).post(address, body, format="json").status_code in (403, 404)
    answer = api(owner).post(address, body, format="json")
    assert answer.status_code == 200, answer.content
    assert answer.json() == {"approved": 5, "added": 7, "changed": 0, "gone": 0}
    listed = api(owner).get("/api/v1/whatsapp-templates/?status=rejected")
    assert [row["name"] for row in listed.json()["results"]] == ["free_money"]


def test_an_account_without_templates_says_so(tenant: Tenant, owner: User, api: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        account = ChannelAccountFactory.create(provider="unipile")
    body = {"channel_account": str(account.pk)}
    answer = api(owner).post("/api/v1/whatsapp-templates/synchronise/", body, format="json")
    assert answer.status_code == 400
    assert "WhatsApp Cloud API" in answer.json()["errors"]["channel_account"][0]


def test_the_page_of_a_template_reads_them_again(
    sandbox: Sandbox, whatsapp: ChannelAccount, owner: User, tenant: Tenant, admin_of: Any
) -> None:
    tell(sandbox, template("one"))
    synchronise(whatsapp)
    tell(sandbox, template("one", status="PAUSED"))
    row = kept(whatsapp)["one", "en"]
    browser: Client = admin_of(owner, tenant)
    page = browser.get(reverse("admin:campaigns_whatsapptemplate_change", args=[row.pk]))
    assert page.status_code == 200
    assert "Read from WhatsApp" in page.content.decode()
    address = reverse("admin:campaigns_whatsapptemplate_synchronise", args=[row.pk])
    assert browser.post(address, follow=True).status_code == 200
    assert kept(whatsapp)["one", "en"].status == TemplateStatus.PAUSED


@pytest.mark.parametrize(
    ("component", "missing"),
    [
        ({"type": "HEADER", "format": "TEXT", "text": "Hello"}, ""),
        ({"type": "HEADER", "format": "TEXT", "text": "Hello {{1}}"}, "variable in its header"),
        ({"type": "HEADER", "format": "IMAGE"}, "header of the kind image"),
        ({"type": "FOOTER", "text": "Bye"}, ""),
        ({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}]}, ""),
        (
            {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://acme.example/{{1}}"}]},
            "variable in the address of a button",
        ),
    ],
)
def test_a_template_that_needs_more_than_its_body_is_known(component: dict[str, Any], missing: str) -> None:
    assert missing_part([component]) == missing


def test_variables_are_counted_once_and_in_their_order() -> None:
    assert variable_names("{{2}} and {{1}} and {{2}} and {{10}}") == ["1", "2", "10"]
    assert variable_names("Dear {{name}}, {{ city }}") == ["name", "city"]
    assert variable_names("Hello") == []
