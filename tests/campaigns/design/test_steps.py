"""The settings and the order of steps."""

from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, transaction

from campaigns.design.models import MAX_ORDER, Campaign, CampaignStatus, CampaignStep
from campaigns.design.step_specs import step_types
from lad.tenancy.context import platform_context
from tests.campaigns.design.test_lifecycle import in_state
from tests.factories.campaigns import CampaignStepFactory
from tests.support.api import conflict, field_problems, problem
from tests.support.events import events

VALID: dict[str, dict[str, Any]] = {
    "start": {},
    "end": {},
    "delay": {"hours": 1},
    "condition": {"condition": "replied"},
    "branch": {"rules": [{"condition": "tag", "values": ["vip"]}]},
    "ab_split": {"weights": [1, 1]},
    "goto": {},
    "goal": {"goal": "booked"},
    "manual_task": {"instructions": "Call"},
    "webhook": {"endpoint": "0198f6a2-0000-7000-8000-000000000002"},
    "send_to_campaign": {"campaign": "019a0000-0000-7000-8000-000000000000"},
    "lead_generation": {"filters": {"roles": ["CTO"]}},
    "linkedin_visit": {},
    "linkedin_follow": {},
    "linkedin_connect": {},
    "linkedin_message": {"message": "Hello"},
    "linkedin_scrape_profile": {"fields": ["headline"]},
    "linkedin_like": {},
    "linkedin_autopost": {"content": "News"},
    "linkedin_comment_reply": {"comment": "Thank you"},
    "email_send": {"subject": "Hello", "body": "Dear all"},
    "email_followup": {"subject": "Once more", "body": "Dear all"},
    "whatsapp_send": {"message": "Hello"},
    "voice_agent_call": {"agent_id": 24, "context": "A call back"},
    "instagram_follow": {},
    "instagram_like": {"username": "acme"},
    "instagram_dm": {"username": "acme", "message": "Hello"},
    "instagram_comment_reply": {"comment": "Thank you"},
    "instagram_story_view": {"username": "{{ instagram }}"},
    "sms_send": {"message": "Hello. Reply STOP to opt out."},
}
# Types of other products that LAD cannot do, with what to use instead.
IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "linkedin_company_search": ({"company_name": "Northwind"}, "Lead generation"),
    "linkedin_employee_list": ({"company_url": "https://www.linkedin.com/company/northwind"}, "Lead generation"),
    "instagram_autopost": ({"content": "News"}, "Task for a person"),
}
NEEDS_NOTHING = {type_ for type_ in VALID if not step_types.get(type_).required and not step_types.get(type_).one_of}

WRONG = [
    ("email_send", {"subject": "Hello"}, "is missing body"),
    ("email_send", {"subject": "", "body": "x"}, "subject must not be empty"),
    ("delay", {"days": 0}, "above zero"),
    ("delay", {"days": -1}, "days must be at least 0"),
    ("delay", {"hours": "two"}, "hours must be a whole number"),
    ("condition", {"condition": "rains"}, "condition must be one of"),
    ("lead_generation", {}, "at least one of filters, limit"),
    ("lead_generation", {"limit": 0}, "limit must be at least 1"),
    ("linkedin_connect", {"message": "x" * 301}, "message is too long (at most 300)"),
    ("voice_agent_call", {"agent_id": "24", "context": "x"}, "agent_id must be a whole number"),
    ("voice_agent_call", {"agent_id": 24}, "is missing context"),
    ("whatsapp_send", ["Hello"], "object"),
    ("whatsapp_send", {"template": "greeting"}, "template: no WhatsApp account has a template “greeting”"),
    ("linkedin_connect", {"message": "{{company_name}}" * 16}, "has 304 characters"),
    ("linkedin_connect", {"withdraw_after_days": 0}, "withdraw_after_days must be at least 1"),
    ("linkedin_message", {"message": "Hello", "if_not_connected": "shout"}, "if_not_connected must be one of"),
    ("linkedin_autopost", {"content": "Dear {{ first_name }}"}, "content is the same for everybody"),
    ("sms_send", {"message": "x" * 1_531}, "takes 11 segments"),
    ("sms_send", {"message": "жук " * 168}, "takes 11 segments"),
    ("instagram_dm", {"message": "Hello", "username": "{{ instagramm }}"}, "username: Line 1: Nothing fills"),
    ("lead_generation", {"limit": 5, "source": "linkedin_search"}, "source: LAD cannot search LinkedIn"),
    ("condition", {"condition": "linkedin_followed"}, "condition: No provider tells LAD"),
    ("condition", {"condition": "instagram_story_viewed"}, "condition: No provider tells LAD"),
    ("condition", {"condition": "time_elapsed"}, "after_days: say how long ago"),
    ("condition", {"condition": "time_elapsed", "after_days": 2, "wait_until": True}, "wait_until: nothing happens"),
    ("condition", {"condition": "profile_matches"}, "field: say which field"),
    ("condition", {"condition": "engagement_level", "values": ["huge"]}, "values must be among none, low"),
    ("branch", {"rules": [{"condition": "tag"}, {"condition": "instagram_liked"}]}, "rules: rule 2: condition:"),
]


def send(call: Any, campaign: Campaign, type_: str, config: Any, **more: Any) -> Any:
    body = {"campaign": str(campaign.pk), "type": type_, "title": "A step", "config": config, **more}
    return call("post", "campaign-steps", body=body)


def order_of(campaign: Campaign) -> list[tuple[int, str]]:
    with platform_context(tenant_id=campaign.tenant_id):
        return list(campaign.steps.order_by("order").values_list("order", "title"))


def three(campaign: Campaign, add_step: Any) -> list[CampaignStep]:
    return [add_step(campaign, title=title) for title in ("one", "two", "three")]


def test_every_registered_step_type_is_tested() -> None:
    assert set(VALID) | set(IMPOSSIBLE) == {spec.key for spec in step_types}
    assert set(IMPOSSIBLE) == {spec.key for spec in step_types if spec.cannot}


@pytest.mark.parametrize("type_", VALID)
def test_a_complete_step_is_written(type_: str, campaign: Campaign, call: Any) -> None:
    response = send(call, campaign, type_, VALID[type_])
    assert response.status_code == 201, response.content
    assert response.json()["config"] == VALID[type_]


@pytest.mark.parametrize("type_", sorted(set(VALID) - NEEDS_NOTHING))
def test_an_incomplete_step_is_rejected(type_: str, campaign: Campaign, call: Any) -> None:
    assert field_problems(send(call, campaign, type_, {}))["config"]


@pytest.mark.parametrize("type_", IMPOSSIBLE)
def test_a_step_that_lad_cannot_do_is_not_saved_and_the_answer_says_what_to_use_instead(
    type_: str, campaign: Campaign, call: Any
) -> None:
    config, instead = IMPOSSIBLE[type_]
    assert instead in field_problems(send(call, campaign, type_, config))["type"][0]


@pytest.mark.parametrize(("type_", "config", "says"), WRONG)
def test_an_invalid_config_is_rejected_with_the_reason(
    type_: str, config: Any, says: str, campaign: Any, call: Any
) -> None:
    assert says in " ".join(field_problems(send(call, campaign, type_, config))["config"])


@pytest.mark.parametrize(
    ("word", "config", "type_", "kept"),
    [
        (
            "voice_call",
            {"voiceAgentId": 24, "added_context": "x"},
            "voice_agent_call",
            {"agent_id": 24, "context": "x"},
        ),
        ("whatsapp", {"whatsappMessage": "Hello"}, "whatsapp_send", {"message": "Hello"}),
        ("email", {"subject": "Hello", "body": "x"}, "email_send", {"subject": "Hello", "body": "x"}),
        ("delay", {"delayDays": 2}, "delay", {"days": 2}),
        ("condition", {"conditionType": "opened"}, "condition", {"condition": "opened"}),
        (
            "lead_generation",
            {"leadGenerationFilters": {"person_titles": ["CTO"], "location": "Oslo"}, "leads_per_day": 5},
            "lead_generation",
            {"filters": {"roles": ["CTO"], "locations": ["Oslo"]}, "limit": 5},
        ),
        (
            "lead_generation",
            {"leadGenerationFilters": '{"roles": ["CTO"], "location": "Oslo"}'},
            "lead_generation",
            {"filters": {"roles": ["CTO"], "locations": ["Oslo"]}},
        ),
        ("linkedin_connection", {"connectionMessage": "Hello"}, "linkedin_connect", {"message": "Hello"}),
        ("whatsapp_broadcast", {"whatsappMessage": "Hello"}, "whatsapp_send", {"message": "Hello"}),
        ("whatsapp_message", {"whatsappMessage": "Hello"}, "whatsapp_send", {"message": "Hello"}),
        ("whatsapp_followup", {"whatsappTemplate": "Hello again"}, "whatsapp_send", {"message": "Hello again"}),
        ("whatsapp_template", {"message": "Hello"}, "whatsapp_send", {"message": "Hello"}),
        ("sms", {"smsMessage": "Hello"}, "sms_send", {"message": "Hello"}),
        (
            "voice_script",
            {"voiceAgentId": 24, "voiceTemplate": "A call back"},
            "voice_agent_call",
            {"agent_id": 24, "context": "A call back"},
        ),
    ],
)
def test_synonyms_of_types_and_settings_are_accepted(
    word: str, config: Any, type_: str, kept: Any, campaign: Campaign, call: Any
) -> None:
    made = send(call, campaign, word, config).json()
    assert (made["type"], made["config"]) == (type_, kept)


def test_a_step_cannot_change_to_a_type_whose_settings_it_lacks(campaign: Any, call: Any, add_step: Any) -> None:
    step = add_step(campaign)
    response = call("patch", "campaign-steps", step, body={"type": "whatsapp_send"})
    assert "is missing message" in field_problems(response)["config"][0]


def test_steps_without_an_order_come_last(campaign: Campaign, add_step: Any) -> None:
    three(campaign, add_step)
    assert order_of(campaign) == [(1, "one"), (2, "two"), (3, "three")]


def test_inserting_a_step_moves_the_later_ones_down(campaign: Any, call: Any, add_step: Any) -> None:
    three(campaign, add_step)
    assert send(call, campaign, "linkedin_visit", {}, order=2, title="new").status_code == 201
    assert order_of(campaign) == [(1, "one"), (2, "new"), (3, "two"), (4, "three")]


def test_the_order_has_a_maximum(campaign: Campaign, call: Any, add_step: Any) -> None:
    add_step(campaign, order=10_000, title="last")
    response = send(call, campaign, "linkedin_visit", {}, order=2_147_483_647)
    assert field_problems(response)["order"]
    assert send(call, campaign, "linkedin_visit", {}, order=10_000).status_code == 201


def test_a_step_cannot_move_to_a_taken_place(campaign: Campaign, call: Any, add_step: Any) -> None:
    first, *_ = three(campaign, add_step)
    response = call("patch", "campaign-steps", first, body={"order": 3})
    assert "Another step has this place" in conflict(response)


def test_the_database_rejects_two_steps_in_one_place(campaign: Campaign, tenant: Any, add_step: Any) -> None:
    first, *_ = three(campaign, add_step)
    with platform_context(tenant_id=tenant.pk):
        with pytest.raises(IntegrityError, match="campaign_steps_order_key"), transaction.atomic():
            CampaignStepFactory.create(campaign=campaign, order=2)
        first.delete()
        assert CampaignStepFactory.create(campaign=campaign, order=1).order == 1


def test_steps_are_reordered_at_once(campaign: Campaign, call: Any, add_step: Any) -> None:
    one, two, last = three(campaign, add_step)
    response = call("post", "campaigns", campaign, "reorder-steps", {"steps": [str(s.pk) for s in (last, one, two)]})
    assert [step["title"] for step in response.json()["steps"]] == ["three", "one", "two"]
    assert order_of(campaign) == [(1, "three"), (2, "one"), (3, "two")]
    [event] = events("campaigns.campaign.steps_reordered")
    assert event.payload["steps"] == [str(s.pk) for s in (last, one, two)]


def test_reordering_renumbers_in_one_statement(
    campaign: Campaign, tenant: Any, add_step: Any, django_assert_max_num_queries: Any
) -> None:
    from campaigns.design.services import steps

    made = [add_step(campaign, title=str(number)) for number in range(12)]
    with platform_context(tenant_id=tenant.pk), django_assert_max_num_queries(8):
        steps.reorder(campaign=campaign, step_ids=[step.pk for step in reversed(made)], actor=None)
    assert [title for _order, title in order_of(campaign)] == [str(number) for number in reversed(range(12))]


@pytest.mark.parametrize("change", ["one missing", "one twice", "a stranger"])
def test_a_new_order_must_name_every_step_once(change: str, campaign: Campaign, call: Any, add_step: Any) -> None:
    ids = [str(step.pk) for step in three(campaign, add_step)]
    wanted = {"one missing": ids[:2], "one twice": [*ids, ids[0]], "a stranger": [*ids[:2], str(campaign.pk)]}[change]
    response = call("post", "campaigns", campaign, "reorder-steps", {"steps": wanted})
    assert "exactly once" in field_problems(response)["steps"][0]
    assert order_of(campaign) == [(1, "one"), (2, "two"), (3, "three")]


@pytest.mark.parametrize("status", ["completed", "stopped", "archived"])
def test_the_steps_of_a_finished_campaign_are_locked(status: str, campaign: Campaign, call: Any, add_step: Any) -> None:
    step = add_step(campaign)
    in_state(campaign, CampaignStatus(status))
    locked = (409, "steps_locked")
    assert problem(send(call, campaign, "linkedin_visit", {})) == locked
    assert problem(call("patch", "campaign-steps", step, body={"title": "Other"})) == locked
    assert problem(call("delete", "campaign-steps", step)) == locked
    assert problem(call("post", "campaigns", campaign, "reorder-steps", {"steps": [str(step.pk)]})) == locked


@pytest.mark.parametrize("status", ["running", "paused"])
def test_the_steps_of_an_open_campaign_can_change(status: str, campaign: Campaign, call: Any, add_step: Any) -> None:
    step = add_step(campaign)
    in_state(campaign, CampaignStatus(status))
    assert call("patch", "campaign-steps", step, body={"title": "Other"}).status_code == 200


def test_the_campaign_of_a_step_cannot_change(campaign: Campaign, call: Any, add_step: Any) -> None:
    other = call("post", "campaigns", body={"name": "Other"}).json()["id"]
    response = call("patch", "campaign-steps", add_step(campaign), body={"campaign": other})
    assert field_problems(response)["campaign"]


def test_a_restored_step_whose_place_is_taken_comes_last(campaign: Campaign, call: Any, add_step: Any) -> None:
    first, *_ = three(campaign, add_step)
    call("delete", "campaign-steps", first)
    add_step(campaign, title="new", order=1)
    assert call("post", "campaign-steps", first, "restore").status_code == 200
    assert order_of(campaign) == [(1, "new"), (2, "two"), (3, "three"), (4, "one")]


def test_a_campaign_is_read_with_its_steps_in_their_order(campaign: Campaign, call: Any, add_step: Any) -> None:
    three(campaign, add_step)
    read = call("get", "campaigns", campaign, body={"include": "steps,enrolments,accounts"}).json()
    assert [step["title"] for step in read["steps"]["results"]] == ["one", "two", "three"]
    assert read["enrolments"]["results"] == read["accounts"]["results"] == []


def test_the_unique_order_is_checked_at_the_end_of_each_statement(tenant: Any, campaign: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        first, second = (CampaignStepFactory.create(campaign=campaign) for _ in range(2))
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            CampaignStep.objects.filter(pk=first.pk).update(order=second.order)
    assert isinstance(caught.value.__cause__, psycopg.errors.UniqueViolation)


def test_places_of_steps_are_counted_from_1_and_the_last_one_does_not_block_others(
    campaign: Campaign, call: Any, add_step: Any
) -> None:
    three(campaign, add_step)
    for place in (0, -1):
        assert list(field_problems(send(call, campaign, "start", {}, order=place))) == ["order"]
    assert send(call, campaign, "start", {}, order=MAX_ORDER, title="four").status_code == 201
    assert send(call, campaign, "start", {}, title="five").status_code == 201
    assert order_of(campaign) == [(1, "one"), (2, "two"), (3, "three"), (4, "four"), (5, "five")]
    assert list(field_problems(send(call, campaign, "start", {}, order=MAX_ORDER + 1))) == ["order"]
