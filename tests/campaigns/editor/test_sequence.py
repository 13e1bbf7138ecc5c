"""A whole sequence is read and written at once, with its errors by step and field."""

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.design.graph import graph_of
from campaigns.design.models import Campaign, CampaignStatus, CampaignStep, StepLink
from campaigns.design.step_specs import StepSpec, step_types
from campaigns.editor.drafts import draft_of
from campaigns.editor.drawing import BEGINNINGS
from campaigns.editor.services import Saved, SequenceChanged, save_sequence
from campaigns.enrolment.models import CampaignLead
from lad.db.json_schema import JsonSchemaValidator
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.campaigns.design.test_lifecycle import in_state
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, CommunicationTemplateFactory
from tests.factories.tenants import TenantFactory
from tests.support.concurrency import run_together

MAIL = {"subject": "Hello {{ first_name }}", "body": "How are you?"}
Call = Callable[..., Any]
UNUSED_ID = "0198f3a2-0000-7000-8000-000000000001"


def step(key: str, type: str = "delay", **values: Any) -> dict[str, Any]:
    config = {"delay": {"days": 2}, "email_send": MAIL}.get(type, {})
    return {"key": key, "type": type, "title": key.capitalize(), "config": config, **values}


def read(call: Call, campaign: Campaign) -> dict[str, Any]:
    response = call("get", "campaigns", campaign, "sequence")
    assert response.status_code == 200, response.content
    return response.json()


def save(call: Call, campaign: Campaign, steps: list[dict[str, Any]], *, status: int = 200, **body: Any) -> Any:
    response = call("put", "campaigns", campaign, "sequence", {"steps": steps, **body})
    assert response.status_code == status, response.content
    return response.json()


def as_sent(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of an answer as the editor sends them back."""
    names = ("key", "type", "title", "description", "config")
    return [{**{name: each[name] for name in names}, "links": each["next"]} for each in shown["steps"]]


def settings_of(spec: StepSpec) -> dict[str, Any]:
    """Return settings that the type accepts."""
    config = {name: sample(schema) for name, schema in spec.required.items()}
    for name, schema in list(spec.one_of.items())[:1]:
        config[name] = sample(schema)
    return config


def sample(schema: Any) -> Any:
    """Return a value that the schema accepts."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "integer":
            return max(schema.get("minimum", 1), 1)
        case "array":
            return [sample(schema["items"]) for _each in range(schema.get("minItems", 1))]
        case "object":
            names = schema.get("required") or list(schema["properties"])[:1]
            return {name: sample(schema["properties"][name]) for name in names}
        case "boolean":
            return True
    texts = ("Hello", UNUSED_ID, "https://www.linkedin.com/company/acme/", "09:30")
    return next(text for text in texts if not any(JsonSchemaValidator(schema).faults(text)))


def links(campaign: Campaign) -> set[tuple[str, str, str | None]]:
    with platform_context(tenant_id=campaign.tenant_id):
        rows = StepLink.objects.filter(campaign=campaign).select_related("step", "target")
        return {(row.step.title, row.outcome, row.target.title if row.target else None) for row in rows}


def titles(campaign: Campaign) -> list[str]:
    with platform_context(tenant_id=campaign.tenant_id):
        return list(campaign.steps.order_by("order").values_list("title", flat=True))


BRANCHED = [
    step(
        "ask",
        "condition",
        config={"condition": "replied", "within": {"days": 3}},
        links={"yes": "thank", "no": "remind"},
    ),
    step("thank", "email_send", links={"sent": "rest", "skipped": "rest", "failed": "rest"}),
    step("remind", "email_send", links={"sent": "rest", "skipped": "rest", "failed": None}),
    step("rest"),
    step("again", "goto", links={"done": "ask"}),
]


def test_a_sequence_is_made_from_nothing_with_its_branches(call: Call, campaign: Campaign) -> None:
    saved = save(call, campaign, BRANCHED)
    assert titles(campaign) == ["Ask", "Thank", "Remind", "Rest", "Again"]
    # What leads to the next step in the order needs no link.
    assert links(campaign) == {
        ("Ask", "no", "Remind"),
        *(("Thank", outcome, "Rest") for outcome in ("sent", "skipped", "failed")),
        ("Remind", "failed", None),
        ("Again", "done", "Ask"),
    }
    assert set(saved["ids"]) == {"ask", "thank", "remind", "rest", "again"}
    shown = {each["title"]: each for each in saved["steps"]}
    assert shown["Ask"]["next"] == {"yes": saved["ids"]["thank"], "no": saved["ids"]["remind"]}
    assert shown["Rest"]["summary"] == "2 days"


def test_what_was_read_can_be_written_back_and_changes_nothing(call: Call, campaign: Campaign) -> None:
    save(call, campaign, BRANCHED)
    before, shown = links(campaign), read(call, campaign)
    with platform_context(tenant_id=campaign.tenant_id):
        stamps = set(campaign.steps.values_list("pk", "updated_at"))
    again = save(call, campaign, as_sent(shown), version=shown["version"])
    assert again["steps"] == shown["steps"] and again["version"] == shown["version"]
    assert links(campaign) == before
    with platform_context(tenant_id=campaign.tenant_id):
        assert set(campaign.steps.values_list("pk", "updated_at")) == stamps


def test_every_kind_of_step_survives_the_round_trip(call: Call, campaign: Campaign, tenant: Tenant) -> None:
    steps = [step(f"s-{spec.key}", spec.key, config=settings_of(spec)) for spec in step_types if not spec.cannot]
    assert len(steps) > 20
    with platform_context(tenant_id=tenant.pk):
        for each in steps:
            # Rows that these steps name.
            if each["type"] == "send_to_campaign":
                each["config"] = {"campaign": str(CampaignFactory.create().pk)}
    save(call, campaign, steps)
    shown = read(call, campaign)
    assert [(each["type"], each["config"]) for each in shown["steps"]] == [
        (each["type"], step_types.get(each["type"]).normalised(each["config"])) for each in steps
    ]
    assert save(call, campaign, as_sent(shown), version=shown["version"])["steps"] == shown["steps"]


def test_errors_stand_on_their_step_and_field_and_nothing_is_saved(call: Call, campaign: Campaign) -> None:
    save(call, campaign, [step("wait")])
    problem = save(
        call,
        campaign,
        [
            step("first", "email_send", config={"subject": "Hi {{ firstnam }}", "body": ""}),
            step("second", "email_send", config={"subject": "Hi", "body": "Dear {{ firstnam }}"}, title=" "),
            step("third", "delay", config={}),
            step("fourth", "condition", config={"condition": "replied", "within": {"days": -1}}),
            step("fine"),
        ],
        status=400,
    )
    assert problem["code"] == "invalid"
    found = problem["steps"]
    assert found["first"] == {"body": ["Fill this in."]}
    assert found["second"] == {"title": ["Give the step a title."]}
    assert found["third"] == {"days": ["Fill in at least one of these."]}
    assert found["fourth"] == {"within__days": ["Must be at least 0."]}
    assert "fine" not in found
    assert titles(campaign) == ["Wait"]


def test_a_change_to_a_kind_that_lad_cannot_do_saves_nothing(call: Call, campaign: Campaign) -> None:
    first = save(call, campaign, [step("wait")])
    impossible = next(spec for spec in step_types if spec.cannot)
    changed = {**as_sent(first)[0], "type": impossible.key, "config": settings_of(impossible), "links": {}}
    problem = save(call, campaign, [changed, step("new")], status=400)
    assert list(problem["steps"]) == [first["ids"]["wait"]]
    assert titles(campaign) == ["Wait"]


def test_an_unknown_variable_is_named_on_the_field_with_what_was_meant(call: Call, campaign: Campaign) -> None:
    steps = [step("mail", "email_send", config={"subject": "Hi", "body": "Dear {{ firstnam }}"})]
    [text] = save(call, campaign, steps, status=400)["steps"]["mail"]["body"]
    assert "first_name" in text


def test_a_template_of_another_channel_is_refused_on_the_template_field(
    call: Call, campaign: Campaign, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        template = CommunicationTemplateFactory.create(channel="whatsapp", subject="", body="Hello")
    steps = [step("mail", "email_send", config={"template_id": str(template.pk)})]
    assert list(save(call, campaign, steps, status=400)["steps"]["mail"]) == ["template_id"]


def test_a_link_to_a_step_that_is_not_there_is_refused(call: Call, campaign: Campaign) -> None:
    problem = save(call, campaign, [step("wait", links={"done": "nowhere"})], status=400)
    assert list(problem["steps"]["wait"]) == ["links__done"]


def test_steps_are_moved_changed_and_removed_in_one_request(call: Call, campaign: Campaign) -> None:
    first = save(call, campaign, [step("one"), step("two"), step("three")])
    by_title = {each["title"]: each for each in as_sent(first)}
    changed = {**by_title["Three"], "title": "Third", "config": {"days": 9}, "links": {}}
    save(call, campaign, [changed, {**by_title["One"], "links": {}}, step("new")], version=first["version"])
    assert titles(campaign) == ["Third", "One", "New"]
    with platform_context(tenant_id=campaign.tenant_id):
        assert campaign.steps.get(title="Third").config == {"days": 9}


def test_somebody_elses_change_in_the_meantime_is_said_and_nothing_is_lost(
    call: Call, campaign: Campaign, add_step: Any
) -> None:
    first = save(call, campaign, [step("one")])
    add_step(campaign, title="Theirs")
    problem = save(call, campaign, [*as_sent(first), step("mine")], version=first["version"], status=409)
    assert problem["code"] == "sequence_changed"
    assert titles(campaign) == ["One", "Theirs"]
    # Whoever says so may save over it.
    now = read(call, campaign)
    save(call, campaign, [*as_sent(first), step("mine")], version=now["version"])
    assert titles(campaign) == ["One", "Mine"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_the_same_time_one_is_told(call: Call, campaign: Campaign, owner: Any) -> None:
    version = save(call, campaign, [step("one")])["version"]

    def save_as(name: str) -> Saved:
        with tenant_context(campaign.tenant_id):
            return save_sequence(campaign=campaign, draft=draft_of([step(name)]), actor=owner, version=version)

    results = run_together(lambda: save_as("mine"), lambda: save_as("theirs"))
    assert {type(each) for each in results} == {Saved, SequenceChanged}
    assert len(titles(campaign)) == 1


def test_a_step_that_was_removed_in_the_meantime_is_said_on_the_step(call: Call, campaign: Campaign) -> None:
    first = save(call, campaign, [step("one"), step("two")])
    call("delete", "campaign-steps", CampaignStep(pk=first["ids"]["two"]))
    problem = save(call, campaign, as_sent(first), status=400)
    assert list(problem["steps"]) == [first["ids"]["two"]]


@pytest.fixture
def running(call: Call, campaign: Campaign, tenant: Tenant) -> dict[str, Any]:
    """A running campaign: three leads wait, two are at the reminder."""
    shown = save(call, campaign, [step("wait"), step("remind", "email_send"), step("rest"), step("last", "email_send")])
    with platform_context(tenant_id=tenant.pk):
        for key, number in (("wait", 3), ("remind", 2)):
            for _each in range(number):
                CampaignLeadFactory.create(
                    campaign=campaign,
                    status="active",
                    next_step_id=shown["ids"][key],
                    next_action_at="2090-01-01T00:00Z",
                )
    in_state(campaign, CampaignStatus.RUNNING)
    return read(call, campaign)


def test_the_effects_on_a_running_campaign_are_said_before_they_happen(
    call: Call, campaign: Campaign, running: dict[str, Any]
) -> None:
    wait, _remind, rest, last = as_sent(running)
    # The reminder is removed, and a step comes in before everybody.
    steps = [step("greet", "email_send"), {**wait, "links": {}}, rest, last]
    expected = ["2 leads at “Remind” will go on to “Rest”.", "5 leads will skip “Greet”."]
    response = call("post", "campaigns", campaign, "preview-sequence", {"steps": steps})
    assert (response.status_code, response.json()["effects"]) == (200, expected)
    problem = save(call, campaign, steps, version=running["version"], confirmed=[], status=409)
    assert (problem["code"], problem["effects"]) == ("effects_unconfirmed", expected)
    assert titles(campaign) == ["Wait", "Remind", "Rest", "Last"]
    saved = save(call, campaign, steps, version=running["version"], confirmed=expected)
    assert saved["effects"] == expected
    with platform_context(tenant_id=campaign.tenant_id):
        standing = list(CampaignLead.objects.filter(campaign=campaign).values_list("next_step__title", flat=True))
    assert sorted(standing) == ["Rest", "Rest", "Wait", "Wait", "Wait"]


def test_leads_go_on_past_several_steps_that_are_removed_at_once(
    call: Call, campaign: Campaign, running: dict[str, Any]
) -> None:
    wait, _remind, _rest, last = as_sent(running)
    saved = save(call, campaign, [{**wait, "links": {}}, last], confirmed=["2 leads at “Remind” will go on to “Last”."])
    assert saved["effects"]
    with platform_context(tenant_id=campaign.tenant_id):
        standing = list(CampaignLead.objects.filter(campaign=campaign).values_list("next_step__title", flat=True))
    assert sorted(standing) == ["Last", "Last", "Wait", "Wait", "Wait"]


def test_a_finished_campaign_is_not_changed(call: Call, campaign: Campaign) -> None:
    save(call, campaign, [step("one")])
    in_state(campaign, CampaignStatus.STOPPED)
    assert read(call, campaign)["editable"] is False
    assert save(call, campaign, [step("two")], status=409)["code"] == "steps_locked"


def test_another_tenants_sequence_cannot_be_read_or_written(call: Call, campaign: Campaign) -> None:
    with platform_context():
        other = TenantFactory.create()
    with platform_context(tenant_id=other.pk):
        foreign = CampaignFactory.create()
        theirs = foreign.steps.create(type="delay", title="Theirs", order=1, config={"days": 1})
    assert call("get", "campaigns", foreign, "sequence").status_code == 404
    save(call, foreign, [step("one")], status=404)
    # A foreign step is no step of one's own campaign.
    problem = save(call, campaign, [step(str(theirs.pk))], status=400)
    assert list(problem["steps"]) == [str(theirs.pk)]
    with platform_context(tenant_id=other.pk):
        assert [each.title for each in graph_of(foreign).steps] == ["Theirs"]


def test_a_viewer_reads_the_sequence_and_does_not_write_it(api: Any, viewer: Any, campaign: Campaign) -> None:
    client = api(viewer)
    url = f"/api/v1/campaigns/{campaign.pk}/sequence/"
    assert client.get(url).status_code == 200
    assert client.put(url, {"steps": [step("one")]}, format="json").status_code == 403
    assert client.post(url.replace("sequence/", "share/"), {}, format="json").status_code == 403
    body = {"sequence": "win-back", "name": "Back"}
    assert client.post("/api/v1/campaigns/from-sequence/", body, format="json").status_code == 403


def test_what_was_entered_in_a_form_becomes_settings_with_faults_on_their_fields(
    call: Call, campaign: Campaign, tenant: Tenant
) -> None:
    body = {
        "step": step("ask", "condition", config={"condition": "replied"}),
        "entered": {"condition": "replied", "within__days": "many", "within__hours": "4"},
    }
    answer = call("post", "campaigns", campaign, "step-form", body).json()
    assert answer["config"] == {"condition": "replied", "within": {"hours": 4}}
    assert list(answer["faults"]) == ["within__days"]
    assert [each["key"] for each in answer["outcomes"]] == ["yes", "no"]
    split = {"step": step("split", "ab_split", config={}), "entered": {"weights": "1\n1\n2"}}
    answer = call("post", "campaigns", campaign, "step-form", split).json()
    assert (answer["config"], len(answer["outcomes"]), answer["summary"]) == (
        {"weights": [1, 1, 2]},
        3,
        "25 % : 25 % : 50 %",
    )


def test_the_message_of_an_unsaved_step_is_shown_for_a_lead(call: Call, campaign: Campaign, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        lead = CampaignLeadFactory.create(campaign=campaign, first_name="Ada", lead__first_name="Ada").lead
    body = {"step": step("mail", "email_send"), "lead": str(lead.pk)}
    look = call("post", "campaigns", campaign, "step-form", body).json()["look"]
    assert (look["kind"], look["subject"]) == ("mail", "Hello Ada")
    note = {"step": step("note", "linkedin_connect", config={"message": "x" * 300})}
    look = call("post", "campaigns", campaign, "step-form", note).json()["look"]
    assert look["facts"] == ["300 of 300 characters"] and not look["too_long"]


def test_kinds_that_lad_cannot_do_say_why(call: Call, campaign: Campaign) -> None:
    kinds = call("get", "campaigns", campaign, "step-kinds").json()["kinds"]
    by_type = {each["type"]: each for each in kinds}
    assert by_type["email_send"]["reason"] == "" and "e-mail account" in by_type["email_send"]["warning"]
    assert any(each["reason"] for each in kinds)
    for each in kinds:
        if each["type"] in BEGINNINGS:
            step_types.get(each["type"]).check(each["config"])
