"""What the messages of a campaign say to its leads, in which language, and what they lack."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.design.models import Campaign, CampaignStep
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import contexts, enrolments, language_of
from campaigns.templates.rendering import MissingVariables, RenderedMessage
from campaigns.templates.texts import render_step, texts_of
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tests.factories.campaigns import (
    CampaignFactory,
    CampaignLeadFactory,
    CampaignStepFactory,
    CommunicationTemplateFactory,
    EmailAccountFactory,
)
from tests.factories.leads import LeadFactory, LeadSocialFactory
from tests.factories.tenants import MemberFactory
from tests.support.api import field_problems

NOW = datetime(2026, 5, 1, 23, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _inside(tenant: Any) -> Any:
    with platform_context(tenant_id=tenant.pk):
        yield


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory.create(name="Spring")


def email(campaign: Campaign, **config: Any) -> CampaignStep:
    return CampaignStepFactory.create(campaign=campaign, type="email_send", title="Write", config=config)


def test_a_context_holds_the_lead_its_owner_the_sender_and_the_recipients_day(campaign: Campaign) -> None:
    owner = MemberFactory.create()
    User.objects.filter(pk=owner.pk).update(booking_url="https://cal.example/ana")
    account = EmailAccountFactory.create(from_name="Ben Weber", signature="Ben")
    lead = LeadFactory.create(
        first_name="Yui",
        title="",
        phone="+81312345678",
        assigned_user=owner,
        custom_fields={"plan": "Pro", "industry": "Shipping", "none": ""},
    )
    LeadSocialFactory.create(lead=lead, data={"instagram": "@yui"})
    enrolment = CampaignLeadFactory.create(campaign=campaign, lead=lead, title="Buyer")
    found = contexts(enrolments_or_leads=[enrolment], account=account, campaign=campaign, now=NOW)[enrolment.pk]
    assert (found["first_name"], found["title"], found["industry"]) == ("Yui", "Buyer", "Shipping")
    assert found["custom"] == {"plan": "Pro", "industry": "Shipping"}
    assert (found["plan"], found["instagram"], found["company"]) == ("Pro", "@yui", found["company_name"])
    assert found["sender"] == {
        "name": "Ben Weber",
        "first_name": "Ben",
        "email": account.email,
        "signature": "Ben",
        "company": account.tenant.name,
    }
    assert (found["booking_url"], found["campaign"]) == ("https://cal.example/ana", {"name": "Spring"})
    assert (str(found["today"]), found.language, found.seed) == ("2026-05-02", "ja", str(enrolment.pk))


def test_contexts_cost_the_same_for_one_enrolment_and_for_thirty(campaign: Campaign) -> None:
    account = EmailAccountFactory.create()
    statements = []
    for number in (1, 30):
        keys = [CampaignLeadFactory.create(campaign=campaign).pk for _ in range(number)]
        with CaptureQueriesContext(connection) as caught:
            rows = enrolments(keys)
            assert len(contexts(enrolments_or_leads=rows, account=account, campaign=campaign)) == number
        statements.append(len(caught))
    # The enrolments, and the tenant of a campaign once.
    assert statements[1] <= statements[0] <= 4


@pytest.mark.parametrize(
    ("custom", "country", "language"),
    [
        ({"language": "de"}, "FR", "de"),
        ({"language": "pt_br"}, "", "pt-BR"),
        ({"Language": "German"}, "", "de"),
        ({"language": "Deutsch"}, "", "de"),
        ({"language": "Klingonese"}, "DE", "en"),
        ({}, "SE", "sv"),
        ({}, "", "en"),
    ],
)
def test_the_language_of_a_lead_is_its_own_or_that_of_its_country(custom: Any, country: str, language: str) -> None:
    assert language_of(custom, country) == language


def test_a_step_sends_its_template_in_the_nearest_language(campaign: Campaign) -> None:
    same = {"template_key": "intro"}
    chosen = CommunicationTemplateFactory.create(**same, language="en", body="Hello")
    CommunicationTemplateFactory.create(**same, language="de", body="Guten Tag")
    CommunicationTemplateFactory.create(**same, language="fr", body="Bonjour", is_active=False)
    CommunicationTemplateFactory.create(**same, language="es", body="Buenas", category="other")
    step = email(campaign, template_id=str(chosen.pk))
    bodies = {language: texts_of(step, language).body for language in ("de-AT", "de", "fr", "es", "en-GB", "")}
    assert bodies == {
        "de-AT": "Guten Tag",
        "de": "Guten Tag",
        "fr": "Hello",
        "es": "Hello",
        "en-GB": "Hello",
        "": "Hello",
    }
    chosen.delete()
    with pytest.raises(TemplateError, match="was deleted"):
        texts_of(step, "en")


def test_snippets_come_in_the_language_of_the_text_and_a_tenants_own_first(campaign: Campaign) -> None:
    snippet = {"category": "snippet", "template_key": "bye", "subject": ""}
    CommunicationTemplateFactory.create(**snippet, language="en", body="Bye {{ sender.name }}")
    CommunicationTemplateFactory.create(**snippet, language="de", body="Gruß {{ sender.name }}")
    with platform_context():
        CommunicationTemplateFactory.create(**snippet, tenant_id=None, language="sv", body="shared")
    step = email(campaign, subject="Hi", body='{% render "bye" %}')
    leads = [LeadFactory.create(custom_fields={"language": language}) for language in ("de", "sv", "en")]
    account = EmailAccountFactory.create(from_name="Ana")
    found = render_step(step, contexts(enrolments_or_leads=leads, account=account))
    assert [getattr(found[lead.pk], "body", found[lead.pk]) for lead in leads] == ["Gruß Ana", "Bye Ana", "Bye Ana"]


def test_each_lead_gets_a_message_or_the_reason_why_not(campaign: Campaign) -> None:
    step = email(campaign, subject="{{ title }}", body="{{ custom.n | divided_by: custom.m }}")
    values: list[Any] = [("CEO", {"n": 6, "m": 2}), ("", {"n": 6, "m": 2}), ("CEO", {"n": 6, "m": 0})]
    leads = [LeadFactory.create(title=title, custom_fields=custom) for title, custom in values]
    good, lacks, fails = render_step(step, contexts(enrolments_or_leads=leads)).values()
    assert isinstance(good, RenderedMessage)
    assert (good.subject, good.body) == ("CEO", "3")
    assert isinstance(lacks, MissingVariables)
    assert lacks.names == ("title",)
    assert isinstance(fails, TemplateError)
    assert fails.field == "body"


def test_who_lacks_a_value_is_counted_before_the_start(campaign: Campaign, call: Any) -> None:
    EmailAccountFactory.create(email="ana@kestrel.example", from_name="Ana", signature="")
    email(
        campaign,
        subject='{{ title }} {{ industry | default: "x" }}{% if phone %}{{ phone }}{% endif %}',
        body="{{ custom.plan }} {{ plan }} {{ full_name }} {{ owner.name }} {{ booking_link }} {{ sender.signature }}",
    )
    lead = {"first_name": "", "last_name": "", "title": ""}
    rows: list[Any] = [({}, {"plan": "Pro"}), (lead, {"plan": ""}), (lead, {}), ({"title": "CEO"}, {"plan": "Free"})]
    for values, custom in rows:
        CampaignLeadFactory.create(
            campaign=campaign,
            first_name="",
            lead=LeadFactory.create(**{"title": "", "assigned_user": None, **values}, custom_fields=custom),
        )
    CampaignLeadFactory.create(campaign=campaign, status="stopped", lead=LeadFactory.create(title=""))
    found = call("get", "campaigns", campaign, "lacking").json()["lacking"]
    assert {each["variable"]: each["leads"] or each["accounts"] for each in found} == {
        "title": 3,
        "custom.plan": 2,
        "plan": 2,
        "full_name": 2,
        "owner.name": 4,
        "booking_url": 4,
        "sender.signature": ["ana@kestrel.example"],
    }
    assert found[0]["message"] == (
        '“Write”: 3 leads have no value for {{ title }}. Fill it in, or write {{ title | default: "…" }}.'
    )


def test_the_texts_of_a_step_are_checked_when_it_is_saved(campaign: Campaign, call: Any) -> None:
    linkedin = CommunicationTemplateFactory.create(channel="linkedin")
    cases = [
        ({"subject": "Hi", "body": "{{ first_nme }}"}, "Body: Line 1: Nothing fills {{ first_nme }}. Did you mean"),
        ({"subject": "{% if %}", "body": "x"}, "Subject: Line 1"),
        ({"template_id": str(linkedin.pk)}, "is no template for this kind of step"),
        ({"template_id": str(campaign.pk)}, "was deleted"),
        ({"subject": "Hi"}, "body"),
        ({"template_id": "", "body": "x"}, "subject"),
    ]
    for config, says in cases:
        body = {"campaign": campaign.pk, "type": "email_send", "title": "Write", "config": config}
        assert says in str(field_problems(call("post", "campaign-steps", body=body))["config"]), config
    assert campaign.steps.count() == 0


def test_a_campaign_does_not_start_with_a_template_that_is_gone(campaign: Campaign, call: Any) -> None:
    template = CommunicationTemplateFactory.create()
    email(campaign, template_id=str(template.pk))
    EmailAccountFactory.create(smtp_host="smtp.example")
    CampaignLeadFactory.create(campaign=campaign)
    template.delete()
    answer = call("post", "campaigns", campaign, "start").json()
    assert answer["missing"] == ["texts"]
    assert "“Write” cannot be sent. The step's template was deleted" in answer["detail"]


def test_a_step_is_previewed_in_the_language_of_the_lead(campaign: Campaign, call: Any) -> None:
    chosen = CommunicationTemplateFactory.create(template_key="intro", subject="Hi", body="Hello {{ first_name }}")
    CommunicationTemplateFactory.create(template_key="intro", language="de", subject="Hallo", body="{{ today }}")
    step = email(campaign, template_id=str(chosen.pk))
    lead = LeadFactory.create(custom_fields={"language": "de"})
    assert call("post", "campaign-steps", step, "preview").json()["body"] == "Hello Maya"
    shown = call("post", "campaign-steps", step, "preview", {"lead": lead.pk}).json()
    assert (shown["subject"], shown["language"]) == ("Hallo", "de")
