"""Whole conversations with the embedded assistant: what is understood, where it stands and what it asks."""

from typing import Any

import pytest

from aiicp.assistant import services
from aiicp.assistant.turns import NothingToConfirm, StillAnswering
from aiicp.conversations.models import Conversation, Message
from aiicp.conversations.services import ConversationClosed, archive
from aiicp.ownership import NotTheOwner
from lad.errors import Invalid
from lad.tenancy.context import tenant_context
from tests.support.database import stored

DUBAI = "Dubai, United Arab Emirates"
# What is said, the stage after it, and what is asked then.
Turn = tuple[str, str, str]
OUTBOUND, KNOWN, INBOUND = "outbound_icp_discovery", "outbound_known_target", "inbound_flow"
DIALOGUES: dict[str, tuple[list[Turn], dict[str, Any]]] = {
    "described in few words, corrected and confirmed": (
        [
            ("We sell to clinics in Dubai", OUTBOUND, "roles"),
            ("Owners and practice managers", OUTBOUND, "company_size"),
            ("10 to 50 people", OUTBOUND, "deal_type"),
            ("monthly subscription", "confirmation", "confirmation"),
            ("make it Abu Dhabi instead of Dubai", "confirmation", "confirmation"),
            ("yes", "ready_for_execution", ""),
        ],
        {
            "industries": ["Hospitals & clinics"],
            "roles": ["Owner", "Practice Manager"],
            "locations": ["Abu Dhabi, United Arab Emirates"],
            "employees": {"min": 10, "max": 50},
            "deal_type": "subscription",
            "outreach_type": "outbound",
            "target_knowledge": "discovery",
            "problem_statement": "We sell to clinics in Dubai",
        },
    ),
    "not knowing the target is not knowing it": (
        [
            ("hello", "outreach_type", "outreach_type"),
            ("1", "outbound_target_knowledge", "target_knowledge"),
            ("I don't know my target", OUTBOUND, "problem_statement"),
            ("we stop patients from missing appointments", OUTBOUND, "roles"),
            # No choice was offered here.
            ("2", OUTBOUND, "roles"),
            ("dentists", OUTBOUND, "roles"),
            ("skip", OUTBOUND, "company_size"),
            ("1", OUTBOUND, "locations"),
        ],
        {
            "outreach_type": "outbound",
            "target_knowledge": "discovery",
            "problem_statement": "we stop patients from missing appointments",
            "industries": ["Dental"],
            "company_size": "smb",
        },
    ),
    "known companies": (
        [
            ("outbound", "outbound_target_knowledge", "target_knowledge"),
            ("the first", KNOWN, "companies"),
            ("Acme GmbH, globex.com", KNOWN, "roles"),
            ("CTO", KNOWN, "locations"),
            ("Berlin", "confirmation", "confirmation"),
            ("looks good", "ready_for_execution", ""),
            ("collect their phone numbers", "ready_for_execution", ""),
        ],
        {
            "outreach_type": "outbound",
            "target_knowledge": "known",
            "companies": ["globex.com", "Acme GmbH"],
            "roles": ["CTO"],
            "locations": ["Berlin, Germany"],
        },
    ),
    "LinkedIn addresses are enough": (
        [
            ("outbound", "outbound_target_knowledge", "target_knowledge"),
            ("yes", KNOWN, "companies"),
            ("https://www.linkedin.com/in/jane-doe", "confirmation", "confirmation"),
            ("2", "confirmation", "change"),
            ("only in Sweden", "confirmation", "confirmation"),
        ],
        {
            "outreach_type": "outbound",
            "target_knowledge": "known",
            "linkedin_urls": ["https://www.linkedin.com/in/jane-doe"],
            "locations": ["Sweden"],
        },
    ),
    "people who come by themselves": (
        [
            ("people contact us", INBOUND, "inbound_sources"),
            ("1 and 3", INBOUND, "inbound_data_ready"),
            ("maybe", INBOUND, "inbound_data_ready"),
            ("not yet", "confirmation", "confirmation"),
            ("1", "ready_for_execution", ""),
        ],
        {"outreach_type": "inbound", "inbound_source": ["website", "ads"], "inbound_data_ready": False},
    ),
    "a correction after the confirmation needs another one": (
        [
            ("We look for heads of sales at software companies in Germany, not Berlin", OUTBOUND, "problem_statement"),
            ("They lose deals because nobody follows up", OUTBOUND, "company_size"),
            ("enterprise", OUTBOUND, "deal_type"),
            ("3", "confirmation", "confirmation"),
            ("yes", "ready_for_execution", ""),
            ("add Austria as well", "confirmation", "confirmation"),
            ("ok", "ready_for_execution", ""),
        ],
        {
            "outreach_type": "outbound",
            "target_knowledge": "discovery",
            "roles": ["Head of Sales"],
            "industries": ["Software"],
            "locations": ["Germany", "Austria"],
            "excluded": {"cities": ["Berlin, Germany"]},
            "problem_statement": "They lose deals because nobody follows up",
            "company_size": "enterprise",
            "deal_type": "annual contract",
        },
    ),
    "everything skipped still needs something to search for": (
        [
            ("outbound", "outbound_target_knowledge", "target_knowledge"),
            ("no idea", OUTBOUND, "problem_statement"),
            ("skip", OUTBOUND, "roles"),
            ("skip", OUTBOUND, "industries"),
            ("any", OUTBOUND, "company_size"),
            ("doesn't matter", OUTBOUND, "locations"),
            ("anywhere", OUTBOUND, "deal_type"),
            ("skip", OUTBOUND, "roles"),
        ],
        {"outreach_type": "outbound", "target_knowledge": "discovery"},
    ),
    "starting again and taking that back": (
        [
            ("We sell to hotels in Spain", OUTBOUND, "roles"),
            ("start over", "outreach_type", "outreach_type"),
            ("undo", OUTBOUND, "roles"),
            ("undo the location", OUTBOUND, "roles"),
            ("Lisbon", OUTBOUND, "roles"),
        ],
        {
            "outreach_type": "outbound",
            "target_knowledge": "discovery",
            "problem_statement": "We sell to hotels in Spain",
            "industries": ["Hotels"],
            "locations": ["Lisbon, Portugal"],
        },
    ),
}


@pytest.mark.parametrize("name", DIALOGUES)
def test_a_conversation_goes_from_question_to_question(say, talk, name):
    turns, expected = DIALOGUES[name]
    steps = []
    for said, stage, asking in turns:
        answer = say(said)
        row = stored(talk)
        steps.append((said, row.metadata["stage"], row.metadata["asked"]))
        assert answer.where.stage == stage
        # One question at a time, and none when nothing is left to ask.
        assert answer.content.count("?") == (0 if stage == "ready_for_execution" or asking == "change" else 1) + (
            asking == "change"
        )
    assert steps == turns
    assert stored(talk).icp_data == expected
    assert stored(talk).search_triggered is False


def test_memory_is_complete_and_in_order_with_the_first_message(say, talk, tenant):
    for said in ("We sell to clinics in Dubai", "owners", "not in Sharjah"):
        say(said)
    with tenant_context(tenant.pk):
        rows = list(Message.objects.filter(conversation=talk).order_by("created_at", "pk"))
    assert [each.role for each in rows] == ["user", "assistant"] * 3
    assert [each.content for each in rows[::2]] == ["We sell to clinics in Dubai", "owners", "not in Sharjah"]
    first, answer = rows[0], rows[1]
    assert first.message_data["extracted"]["industries"] == ["Hospitals & clinics"]
    assert (answer.model, answer.tokens_used, answer.message_data["stage"]) == ("embedded", 0, OUTBOUND)
    assert answer.message_data["search_params"]["organization_industries"] == ["Hospitals & clinics"]
    assert stored(talk).title == "We sell to clinics in Dubai"


def test_each_value_keeps_its_words_its_message_and_its_confidence(say, talk, tenant):
    say("We sell to clinics in Dubai")
    answer = say("also hotels")
    found = {(fact["facet"], value["text"]): value["why"] for fact in answer.facts for value in fact["values"]}
    with tenant_context(tenant.pk):
        first, second = Message.objects.filter(conversation=talk, role="user").order_by("created_at")
    clinics, hotels = found["industries", "Hospitals & clinics"], found["industries", "Hotels"]
    assert (clinics["words"], clinics["message"], clinics["source"]) == ("clinics", str(first.pk), "text")
    assert (hotels["words"], hotels["message"]) == ("hotels", str(second.pk))
    assert clinics["confidence"] > found["outreach_type", "Approach new people"]["confidence"] > 0


def test_undo_takes_back_one_facet_and_leaves_the_rest(say, talk, member):
    say("We sell to clinics in Dubai")
    say("hotels in Madrid instead")
    answer = services.undo(conversation=stored(talk), slot="locations", actor=member)
    assert stored(talk).icp_data["locations"] == [DUBAI]
    assert stored(talk).icp_data["industries"] == ["Hotels"]
    assert "Dubai" in answer.content
    services.undo(conversation=stored(talk), slot="industries", actor=member)
    assert stored(talk).icp_data["industries"] == ["Hospitals & clinics"]
    for _ in range(3):
        answer = services.undo(conversation=stored(talk), slot="industries", actor=member)
    assert "industries" not in stored(talk).icp_data
    assert "nothing to undo" in answer.content
    with pytest.raises(Invalid):
        services.undo(conversation=stored(talk), slot="salary", actor=member)


def test_the_metadata_of_others_is_kept(say, talk, tenant):
    with tenant_context(tenant.pk):
        Conversation.objects.filter(pk=talk.pk).update(metadata={"opened_from": "lead page", "step_index": 4})
    say("clinics in Dubai")
    kept = stored(talk).metadata
    assert (kept["opened_from"], kept["step_index"], kept["stage"]) == ("lead page", 5, OUTBOUND)


def test_only_a_summary_can_be_confirmed(say, talk, member):
    say("We sell to clinics in Dubai")
    with pytest.raises(NothingToConfirm):
        services.confirm(conversation=stored(talk), actor=member)
    for said in ("owners", "20 people", "subscription"):
        answer = say(said)
    assert "Hospitals & clinics" in answer.content
    assert stored(talk).metadata["progress"] == "awaiting_confirmation"
    services.confirm(conversation=stored(talk), actor=member)
    row = stored(talk)
    assert (row.metadata["progress"], row.search_triggered) == ("ready_for_execution", False)
    assert row.search_params["organization_locations"] == [DUBAI]


def test_what_is_asked_for_is_proposed_and_not_done(say, talk):
    assert say("get their phone numbers").proposed == []
    for said in ("We sell to clinics in Dubai", "owners", "20 people", "subscription", "yes"):
        say(said)
    answer = say("call them all")
    assert [each["action"] for each in answer.proposed] == ["prepare_calling"]
    assert "Nothing has been started" in answer.content
    [narrowed] = say("only show the ones in Berlin").proposed
    assert (narrowed["action"], narrowed["values"][0]["value"]) == ("filter", "Berlin, Germany")
    assert stored(talk).icp_data["locations"] == [DUBAI]


@pytest.mark.parametrize(
    ("said", "language", "asked", "option"),
    [
        ("Wir verkaufen Software an Zahnärzte in Berlin", "de", "Mit wem möchten Sie dort sprechen", ""),
        ("Vendemos software a hoteles de lujo en Madrid", "es", "¿Con quién quiere hablar", ""),
        ("Nous vendons des logiciels aux hôtels de Lyon", "fr", "À qui voulez-vous y parler", ""),
    ],
)
def test_the_answer_is_in_the_language_of_the_conversation(say, talk, said, language, asked, option):
    answer = say(said)
    assert stored(talk).metadata["language"] == language
    assert asked in answer.content
    # A short answer says nothing of the language.
    say("CEO")
    assert stored(talk).metadata["language"] == language


def test_a_closed_conversation_and_those_of_others_are_not_answered(say, talk, member, admin):
    with pytest.raises(NotTheOwner):
        services.answer(conversation=stored(talk), content="clinics", actor=admin)
    with tenant_context(talk.tenant_id):
        archive(conversation=stored(talk), actor=member)
    with pytest.raises(ConversationClosed):
        say("clinics")
    resumed = services.resume(conversation=stored(talk), actor=member)
    assert stored(talk).status == "active"
    assert resumed.where.asking == "outreach_type"
    assert say("clinics in Dubai").where.asking == "problem_statement"


def test_a_message_that_a_crash_left_without_answer_is_answered_when_it_is_resumed(say, talk, member, tenant):
    say("We sell to clinics in Dubai")
    with tenant_context(tenant.pk):
        waiting = {**stored(talk).metadata, "answering": {"message": "x", "until": "2999-01-01T00:00:00+00:00"}}
        Conversation.objects.filter(pk=talk.pk).update(metadata=waiting)
    with pytest.raises(StillAnswering):
        say("owners")
    waiting["answering"]["until"] = "2020-01-01T00:00:00+00:00"
    with tenant_context(tenant.pk):
        Conversation.objects.filter(pk=talk.pk).update(metadata=waiting)
        Message.objects.create(conversation=talk, role="user", content="owners")
    answer = services.resume(conversation=stored(talk), actor=member)
    assert answer.where.asking == "roles"
    assert "answering" not in stored(talk).metadata
    again = services.resume(conversation=stored(talk), actor=member)
    assert again.message_id == answer.message_id
