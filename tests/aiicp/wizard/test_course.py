"""The course of the wizard: answers are read as they are meant, and earlier ones can be changed."""

from typing import Any

import pytest

from aiicp.wizard import questions as q
from aiicp.wizard.classifiers import OWN_WORDS, SURE, chosen, classify
from aiicp.wizard.machine import Progress, Turn, current_question, reply, sequence, summary
from aiicp.wizard.questions import Kind
from aiicp.wizard.replies import NotUnderstood, Reply, read
from aiicp.wizard.steps import problem_of_text, steps_of
from aiicp.wizard.suggestions import suggestions

TO_CHANNELS: list[Reply] = ["clinics", "Dubai", "heads of procurement"]
TO_THE_END: list[Reply] = [
    *TO_CHANNELS,
    ["email"],
    ["email_send", "email_followup"],
    "Subject: Hello\n\nDear {{first_name}}",
    "Just checking.",
    "2",
    "meetings",
    "Clinics in Dubai",
    "30",
    "Monday to Friday",
    "25",
]

HOSTILE = ["", "  ", "💥", "'; DROP TABLE leads; --", "{{ 7*7 }}", "\x00", "a" * 100_000, "((((" * 500]


def played(*said: Reply) -> Turn:
    """Return what follows after all the answers."""
    turn = Turn(Progress(), current_question(Progress()))
    for each in said:
        turn = reply(turn.progress, each)
    return turn


def key(turn: Turn) -> str:
    assert turn.question is not None
    return turn.question.intent_key


def test_the_catalogue_has_eleven_steps_that_are_known_by_their_keys() -> None:
    assert sorted({each.step_index for each in q.CATALOGUE}) == list(range(1, q.TOTAL_STEPS + 1))
    keys = [each.intent_key for each in q.CATALOGUE]
    assert len(set(keys)) == len(keys)
    for wanted in ("icp_industries", "icp_locations", "icp_roles", "selected_platforms", "workflow_delays"):
        assert wanted in keys
    for wanted in ("workflow_conditions", "campaign_goal", "campaign_name", "confirmation", "leads_per_day"):
        assert wanted in keys


def test_all_answers_lead_to_a_summary_and_a_confirmation() -> None:
    turn = played(*TO_THE_END)
    assert key(turn) == "confirmation"
    assert dict(summary(turn.progress.answers))["Industries"] == "Hospitals & clinics"
    assert turn.progress.answers["workflow_conditions"] == "none"
    done = reply(turn.progress, "yes")
    assert (done.completed, done.question) == (True, None)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("I don't know", "For example"),
        ("don't know my target", "For example"),
        ("weiß nicht", "For example"),
        ("not hospitals", "Say also what is wanted"),
        ("12", "Nothing was recognised"),
        ("", "Write an answer"),
        ("x" * 5_001, "5,000 are possible"),
    ],
)
def test_an_answer_that_says_nothing_is_asked_again_with_what_to_do(said: str, words: str) -> None:
    turn = played(said)
    assert (key(turn), turn.clarification_needed) == ("icp_industries", True)
    assert words in turn.message
    assert turn.progress.answers == {}


@pytest.mark.parametrize(
    ("said", "then", "following", "values"),
    [
        ("hosptals", "yes", "icp_locations", ("Hospitals & clinics",)),
        ("hosptals", "no", "icp_industries", None),
        ("hosptals", "software", "icp_locations", ("Software",)),
        ("hosptals", "other", "icp_industries", None),
        ("basket weaving", "yes", "icp_locations", ("basket weaving",)),
        ("health stuff", "Healthcare", "icp_locations", ("Healthcare",)),
    ],
)
def test_an_unsure_reading_is_confirmed_or_corrected(
    said: str, then: str, following: str, values: tuple[str, ...] | None
) -> None:
    unsure = played(said)
    assert unsure.question is not None and unsure.found is not None
    assert unsure.question.question.startswith("Did you mean")
    assert (unsure.clarification_needed, unsure.found.confidence < SURE) == (True, True)
    turn = reply(unsure.progress, then)
    assert key(turn) == following
    assert (turn.found.values if turn.found else None) == values


def test_one_of_several_places_of_a_name_can_be_chosen() -> None:
    unsure = played("clinics", "Georgia and Berlin")
    assert unsure.question is not None
    assert "Georgia (US)" in [each.value for each in unsure.question.options]
    turn = reply(unsure.progress, "Georgia (US)")
    assert turn.found is not None
    assert turn.found.slots == {"cities": ("Berlin, Germany",), "regions": ("Georgia (US)",)}


@pytest.mark.parametrize(
    ("question", "said", "value"),
    [
        (q.SELECTED_PLATFORMS, "LinkedIn and e-mail", ["linkedin", "email"]),
        (q.SELECTED_PLATFORMS, "2, 1", ["email", "linkedin"]),
        (q.SELECTED_PLATFORMS, ["voice"], ["voice"]),
        (q.SELECTED_PLATFORMS, "all of them", ["linkedin", "email", "whatsapp", "voice"]),
        (q.SELECTED_PLATFORMS, "2 colleagues said LinkedIn", None),
        (q.SELECTED_PLATFORMS, "5", None),
        (q.SELECTED_PLATFORMS, [], None),
        (q.CAMPAIGN_DAYS, "2", "2"),
        (q.CAMPAIGN_DAYS, "14 days", "14"),
        (q.CAMPAIGN_DAYS, 60, "60"),
        (q.CAMPAIGN_DAYS, "0", None),
        (q.CAMPAIGN_DAYS, "366", None),
        (q.CAMPAIGN_DAYS, "between 7 and 14", None),
        (q.CAMPAIGN_DAYS, "a while", None),
        (q.LEADS_PER_DAY, "1", "1"),
        (q.WORKING_DAYS, "Monday to Friday", ["monday", "tuesday", "wednesday", "thursday", "friday"]),
        (q.WORKING_DAYS, "sunday, monday", ["sunday", "monday"]),
        (q.CAMPAIGN_GOAL, "Book meetings", "meetings"),
        (q.CAMPAIGN_GOAL, "Sell 2 machines", "Sell 2 machines"),
        (q.WORKFLOW_DELAYS, "a week", None),
        (q.WORKFLOW_DELAYS, "7 days", "7"),
        (q.CONFIRMATION, "Ja", True),
        (q.CONFIRMATION, False, False),
        (q.CONFIRMATION, "maybe", None),
    ],
)
def test_a_reply_is_read_as_it_is_meant(question: q.Question, said: Any, value: Any) -> None:
    if value is None:
        with pytest.raises(NotUnderstood) as refused:
            read(question, said)
        assert any(word in str(refused.value) for word in ("Choose", "Enter", "Answer"))
    else:
        assert read(question, said) == value


@pytest.mark.parametrize(
    ("platforms", "actions", "asked", "not_asked"),
    [
        (["email"], {"email": ["email_send"]}, ["email_template"], ["email_followup_template", "workflow_delays"]),
        (["linkedin"], {"linkedin": ["linkedin_visit"]}, [], ["linkedin_template", "workflow_delays"]),
        (
            ["linkedin", "voice"],
            {"linkedin": ["linkedin_connect", "linkedin_message"], "voice": ["manual_task"]},
            ["linkedin_connect_template", "linkedin_template", "voice_template", "workflow_delays"],
            ["email_actions", "whatsapp_actions"],
        ),
    ],
)
def test_only_what_applies_is_asked(
    platforms: list[str], actions: dict[str, list[str]], asked: list[str], not_asked: list[str]
) -> None:
    answers = {"selected_platforms": platforms, **{f"{name}_actions": each for name, each in actions.items()}}
    keys = [each.intent_key for each in sequence(answers)]
    assert [each for each in keys if each in asked] == asked
    assert not set(keys) & {*not_asked, "workflow_conditions"}
    assert [key.removesuffix("_actions") for key in keys if key.endswith("_actions")] == platforms


def test_an_earlier_answer_can_be_changed_at_any_time() -> None:
    turn = played(*TO_THE_END)
    changed = reply(turn.progress, ["email", "whatsapp"], intent_key="selected_platforms")
    assert key(changed) == "whatsapp_actions"
    back_again = reply(changed.progress, "email", intent_key="selected_platforms")
    assert key(back_again) == "confirmation"
    asked = reply(back_again.progress, "no")
    assert (key(asked), asked.clarification_needed) == ("change", True)
    chosen_one = reply(asked.progress, "Places")
    assert key(chosen_one) == "icp_locations"
    assert key(reply(chosen_one.progress, "Abu Dhabi")) == "confirmation"
    after = reply(reply(turn.progress, True).progress, "14", intent_key="campaign_days")
    assert (key(after), after.completed) == ("confirmation", False)
    assert reply(turn.progress, "x", intent_key="voice_template").clarification_needed


def test_going_back_keeps_the_answers() -> None:
    turn = played(*TO_CHANNELS)
    before = reply(turn.progress, "back")
    assert key(before) == "icp_roles"
    assert before.progress.answers == turn.progress.answers
    first = reply(reply(reply(before.progress, "go back").progress, "Zurück").progress, "back")
    assert key(first) == "icp_industries"
    assert key(reply(first.progress, "software")) == "selected_platforms"


@pytest.mark.parametrize(
    ("step", "text", "words"),
    [
        ("email_send", "Dear {{first_name}}", "Subject"),
        ("email_send", "Subject: Hello\n", "below its subject"),
        ("email_send", "Betreff: Hallo\n\nGuten Tag", ""),
        ("email_send", "Subject: Hello\n\nDear {{nobody}}", "nobody"),
        ("email_send", "Subject: Hello\n\nDear {{first_name", "{{"),
        ("linkedin_message", "Hello {{ first_name }}", ""),
        ("manual_task", "Ask about the budget", ""),
    ],
)
def test_a_text_is_checked_when_it_is_given(db: None, step: str, text: str, words: str) -> None:
    every = [action for platform in q.PLATFORMS.values() for action in platform.actions]
    problem = problem_of_text(next(action for action in every if action.step_type == step), text)
    assert bool(problem) == bool(words)
    assert words in problem


def test_the_steps_follow_from_the_answers() -> None:
    steps = steps_of(played(*TO_THE_END).progress.answers)
    assert [(each.type, dict(each.config)) for each in steps] == [
        (
            "lead_generation",
            {
                "filters": {
                    "industries": ["Hospitals & clinics"],
                    "locations": ["Dubai, United Arab Emirates"],
                    "roles": ["Head of Procurement"],
                },
                "limit": 25,
            },
        ),
        ("email_send", {"subject": "Hello", "body": "Dear {{first_name}}"}),
        ("delay", {"days": 2}),
        ("email_followup", {"body": "Just checking."}),
    ]


@pytest.mark.parametrize(
    ("kind", "typed", "wanted"),
    [
        (Kind.INDUSTRY, "clin", "Hospitals & clinics"),
        (Kind.INDUSTRY, "klinik", "Hospitals & clinics"),
        (Kind.LOCATION, "du", "Dubai, United Arab Emirates"),
        (Kind.LOCATION, "münch", "Munich, Germany"),
        (Kind.LOCATION, "germny", "Germany"),
        (Kind.DECISION_MAKER, "procur", "Head of Procurement"),
        (Kind.DECISION_MAKER, "ceo", "CEO"),
        (Kind.DECISION_MAKER, "", "Founder"),
    ],
)
def test_names_are_suggested_while_somebody_types(kind: Kind, typed: str, wanted: str) -> None:
    found = suggestions(kind, typed)
    assert wanted in found
    assert len(found) <= 8
    assert len(suggestions(kind, typed, limit=1)) == 1


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "text", ["", "  ", "💥", "'; DROP TABLE leads; --", "{{ 7*7 }}", "\x00", "a" * 100_000, "((((" * 500]
)
def test_hostile_texts_are_classified_without_harm(kind: Kind, text: str) -> None:
    found = classify(kind, text)
    assert found.confidence <= OWN_WORDS or found.values
    assert all(len(value) <= 500 for value in found.values)
    assert len(suggestions(kind, text)) <= 8


def test_every_common_suggestion_is_understood() -> None:
    for kind in Kind:
        for name in suggestions(kind, "", limit=20):
            assert classify(kind, name).is_sure or chosen(classify(kind, name), name).confidence == 1
