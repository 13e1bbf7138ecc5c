"""Templates, what they are filled with, and whose they are."""

from typing import Any

import pytest

from campaigns.templates.models import CommunicationTemplate
from lad.tenancy.context import platform_context
from tests.factories.campaigns import CommunicationTemplateFactory
from tests.factories.leads import LeadFactory
from tests.support.api import field_problems, problem


@pytest.fixture
def template(tenant: Any) -> Any:
    """``template(body="…")`` creates a template of the tenant."""

    def make(**values: Any) -> CommunicationTemplate:
        with platform_context(tenant_id=tenant.pk):
            return CommunicationTemplateFactory.create(**values)

    return make


def test_a_preview_fills_in_samples_and_names_unknown_variables(template: Any, call: Any) -> None:
    row = template(
        subject="Hello {{ first_name }}",
        body="On {{slot}} in {{city}}",
        variables_schema={"slot": {"sample": "Tuesday at 10:00"}},
    )
    shown = call("get", "communication-templates", row, "preview").json()
    assert shown["subject"] == "Hello Maya"
    assert shown["body"] == "On Tuesday at 10:00 in [city]"
    assert shown["unknown"] == ["city"]
    assert shown["problems"][0]["message"].startswith("Nothing fills {{ city }}. For a custom field")


def test_a_preview_for_a_lead_names_what_it_lacks(template: Any, call: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(first_name="Ines", title="", custom_fields={"plan": "Pro"})
    row = template(subject="{A|B|C}", body="{{ first_name }} {{ title }} {{ custom.plan }}")
    queries = [{"lead": lead.pk, "variant": number} for number in (1, 2, 1)]
    shown = [call("post", "communication-templates", row, "preview", query).json() for query in queries]
    assert shown[0] == shown[2]
    assert shown[0]["body"] == "Ines [title] Pro"
    assert (shown[0]["missing"], shown[0]["unknown"], shown[0]["variants"]) == (["title"], [], 3)
    assert {each["subject"] for each in shown} <= {"A", "B", "C"}


def test_values_are_escaped_in_html_only(template: Any, call: Any) -> None:
    samples = {"slot": {"sample": "<b>now</b> & later"}}
    row = template(body="{{slot}}", html_content="<p>{{slot}}</p>", variables_schema=samples)
    shown = call("get", "communication-templates", row, "preview").json()
    assert shown["body"] == "<b>now</b> & later"
    assert shown["html"] == "<p>&lt;b&gt;now&lt;/b&gt; &amp; later</p>"


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"channel": "email", "subject": ""}, "subject", "needs a subject"),
        (
            {"channel": "linkedin", "category": "linkedin_connection", "body": "x" * 301},
            "body",
            "at most 300 characters",
        ),
        ({"language": "english"}, "language", "Write a language code"),
        ({"template_key": "My Key"}, "template_key", "lower-case"),
        ({"variables_schema": {"slot": "text"}}, "variables_schema", "slot must be an object"),
        (
            {"subject": "{{ first_nam }}"},
            "subject",
            "Line 1: Nothing fills {{ first_nam }}. Did you mean {{ first_name",
        ),
        ({"body": "Hi\n{% if title %}x"}, "body", "{% if %} is not closed. Add {% endif %}."),
        ({"html_content": "<p>\n{{ first_name | shout }}</p>"}, "html_content", "Line 2: There is no filter “shout”"),
        ({"html_content": "<p {% if title %}a{% endif %}>x</p>"}, "html_content", "values of attributes"),
        ({"body": '{% render "sign" %}'}, "body", "There is no snippet “sign”"),
        ({"category": "snippet", "body": '{% render "x" %}'}, "body", "cannot use another snippet"),
    ],
)
def test_an_invalid_template_is_rejected(values: Any, field: str, says: str, call: Any) -> None:
    body = {"name": "Intro", "channel": "email", "template_key": "intro", "subject": "Hi", "body": "Hi", **values}
    assert says in str(field_problems(call("post", "communication-templates", body=body))[field])


def test_a_change_is_checked_by_the_same_rules(template: Any, call: Any) -> None:
    assert field_problems(call("patch", "communication-templates", template(), body={"subject": ""}))["subject"]


def test_html_is_cleaned_when_saved_and_keeps_its_liquid(template: Any, call: Any) -> None:
    html = (
        '<p onclick="x()" style="color:red;position:fixed">{% if title == "<b>" %}{{ title | default: "a & b" }}'
        '{% endif %}</p><script>alert(1)</script><a href="{{ booking_url }}?by={{ email | url_encode }}">Book</a>'
    )
    row = call("patch", "communication-templates", template(), body={"html_content": html}).json()
    assert row["html_content"] == (
        '<p style="color:red">{% if title == "<b>" %}{{ title | default: "a & b" }}{% endif %}</p>'
        '<a href="{{ booking_url }}?by={{ email | url_encode }}">Book</a>'
    )


def test_shared_templates_are_read_by_all_and_written_by_the_platform(call: Any, tenant: Any) -> None:
    with platform_context():
        shared = CommunicationTemplateFactory.create(tenant_id=None, is_builtin=True)
    assert call("get", "communication-templates", shared).json()["is_builtin"] is True
    assert call("patch", "communication-templates", shared, body={"name": "Mine"}).status_code == 403
    assert call("delete", "communication-templates", shared).status_code == 403
    with platform_context():
        assert CommunicationTemplate.objects.get(pk=shared.pk).name == shared.name


def test_a_tenant_cannot_create_built_in_templates(template: Any, call: Any) -> None:
    response = call("patch", "communication-templates", template(), body={"is_builtin": True})
    assert problem(response) == (400, "invalid")
