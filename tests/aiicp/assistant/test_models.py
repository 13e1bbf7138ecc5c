"""Answers with a model: what it reads and says is checked, paid exactly, and replaced when it fails."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aiicp import charging
from aiicp.assistant import model_reading, services, turns
from aiicp.assistant.answers import Answer
from aiicp.assistant.remark import Remark
from aiicp.assistant.services import Understood
from aiicp.assistant.turns import Heard
from aiicp.conversations.models import Message
from aiicp.extraction import extract
from billing.usage.models import UsageEvent
from lad.llm.completions import Piece
from lad.tenancy.context import tenant_context
from tests.aiicp.paying import COMPLETION, PROMPT, books, fund, used
from tests.support.database import stored

TEXT = "We sell to clinics in Dubai"


def test_a_model_says_something_and_lad_asks(say, talk, connect, sandbox, tenant):
    connect()
    answer = say(TEXT)
    calls = sandbox.log("model_call")
    assert [(each.get("structured"), each["stream"]) for each in calls] == [("json_schema", False), (None, True)]
    assert answer.content.startswith(calls[1]["answered"].split(".")[0])
    # The model's own question is left out, LAD's is the only one.
    assert answer.content.count("?") == 1
    assert answer.content.endswith("Name titles, departments or levels.")
    assert (answer.model, answer.note, answer.where.asking) == ("sandbox-good", "", "roles")
    assert answer.tokens == sum(used(tenant)) > 0
    with tenant_context(tenant.pk):
        message = Message.objects.get(pk=answer.message_id)
    assert (message.model, message.tokens_used) == ("sandbox-good", answer.tokens)
    # The conversation has the sum of its answers.
    assert stored(talk).metadata["tokens"] == answer.tokens
    second = say("owners of hotels")
    assert stored(talk).metadata["tokens"] == answer.tokens + second.tokens > answer.tokens
    assert stored(talk).icp_data["industries"][0] == "Hospitals & clinics"


def test_the_model_gets_the_whole_conversation_in_order(say, talk, member, connect, tenant):
    connect()
    first = say(TEXT)
    with tenant_context(tenant.pk, user_id=member.pk):
        turn = turns.begin(conversation=stored(talk), content="owners of more than one clinic", actor=member)
    assert turn.remark is not None
    _known, _noted, *history = turn.remark.messages
    assert [(each.role, each.content) for each in history] == [
        ("user", TEXT),
        ("assistant", first.content),
        ("user", "owners of more than one clinic"),
    ]


def test_choices_and_commands_ask_no_model(say, connect, sandbox):
    connect()
    for said in ("hello", "1", "I don't know my target", "undo", "skip", "help"):
        say(said)
    assert len(sandbox.log("model_call")) == 2


def test_a_turn_is_charged_with_the_tokens_it_used(say, connect, tenant, priced):
    connect(platform=True)
    fund(tenant, "5")
    answer = say(TEXT)
    inputs, outputs = used(tenant)
    assert answer.tokens == inputs + outputs
    expected = round(inputs * PROMPT, 6) + round(outputs * COMPLETION, 6)
    assert books(tenant) == (expected, Decimal(0), ["charged"], 0)
    with tenant_context(tenant.pk):
        event = UsageEvent.objects.get()
    assert [(item["category"], item["quantity"]) for item in event.usage_items] == [
        ("llm_prompt", str(inputs)),
        ("llm_completion", str(outputs)),
    ]
    assert event.feature_key == "ai-icp-assistant"


def test_what_other_conversations_wait_for_is_locked_last(talk, member, connect, tenant, priced):
    connect(platform=True)
    fund(tenant, "5")
    with CaptureQueriesContext(connection) as caught, tenant_context(tenant.pk, user_id=member.pk):
        assert turns.begin(conversation=stored(talk), content=TEXT, actor=member).answer is None
    said = [each["sql"] for each in caught.captured_queries]
    written = [number for number, sql in enumerate(said) if 'UPDATE "ai_conversations"' in sql]
    billed = [number for number, sql in enumerate(said) if "billing_" in sql]
    assert written
    assert billed
    assert max(written) < min(billed)


@pytest.mark.parametrize("model", ["sandbox-refuses", "sandbox-broken", "sandbox-invalid-json"])
def test_a_model_that_fails_is_replaced_and_its_answers_cost_nothing(say, connect, tenant, priced, model):
    connect(model, platform=True)
    fund(tenant, "5")
    answer = say(TEXT)
    assert "no usable answer" in answer.note
    assert answer.where.asking == "roles"
    if model == "sandbox-invalid-json":
        # Its words are good, only its reading is not.
        assert answer.model == model
    else:
        assert answer.content.startswith("I noted industries (Hospitals & clinics)")
        assert (answer.model, answer.tokens) == ("embedded", 0)
        assert books(tenant) == (Decimal(0), Decimal(0), ["voided"], 0)


def test_without_credit_the_embedded_assistant_answers_and_says_so(say, connect, sandbox, tenant, priced):
    connect(platform=True)
    answer = say(TEXT)
    assert answer.content.startswith("I noted industries")
    assert "credit does not cover" in answer.content
    assert (answer.model, answer.tokens) == ("embedded", 0)
    assert sandbox.log("model_call") == []
    assert books(tenant)[0] == 0


def test_a_connection_of_the_tenants_own_costs_no_credits(say, connect, sandbox, tenant, priced):
    connect()
    assert say(TEXT).model == "sandbox-good"
    assert len(sandbox.log("model_call")) == 2
    assert books(tenant) == (Decimal(0), Decimal(0), [], 0)


def test_a_model_of_the_platforms_without_a_price_is_not_asked_and_the_answer_says_so(say, connect, sandbox, tenant):
    connect(platform=True)
    fund(tenant, "5")
    answer = say(TEXT)
    assert (answer.model, sandbox.log("model_call")) == ("embedded", [])
    assert "has no price yet" in answer.content
    assert books(tenant) == (Decimal(0), Decimal(0), [], 0)


def test_a_turn_that_dies_holds_nothing_for_ever_and_is_not_charged_twice(talk, member, connect, tenant, priced):
    connect(platform=True)
    fund(tenant, "5")
    with tenant_context(tenant.pk, user_id=member.pk):
        turn = turns.begin(conversation=stored(talk), content=TEXT, actor=member)
    assert turn.answer is None
    _debited, reserved, statuses, holds = books(tenant)
    assert (statuses, holds) == (["pending"], 1)
    assert reserved > 0
    assert charging.release_missed() == 0
    later = timezone.now() + charging.MISSED_AFTER + timedelta(minutes=1)
    assert charging.release_missed(now=later) == 1
    assert books(tenant) == (Decimal(0), Decimal(0), ["voided"], 0)
    # The answer that comes too late is stored, and costs nothing.
    answer = services.complete(turn)
    assert answer.tokens > 0
    assert books(tenant) == (Decimal(0), Decimal(0), ["voided"], 0)
    assert charging.release_missed(now=later) == 0


def test_a_reader_who_leaves_gets_the_answer_later_and_nothing_stays_held(talk, member, connect, tenant, priced):
    connect(platform=True)
    fund(tenant, "5")
    parts = services.stream_answer(conversation=stored(talk), content=TEXT, actor=member)
    assert isinstance(next(parts), Understood)
    assert isinstance(next(parts), Piece)
    parts.close()
    assert "answering" not in stored(talk).metadata
    assert stored(talk).metadata["asked"] == "roles"
    debited, reserved, statuses, holds = books(tenant)
    assert (reserved, statuses, holds) == (Decimal(0), ["charged"], 0)
    assert debited > 0


def test_a_streamed_answer_comes_in_pieces_that_make_the_whole(talk, member, connect):
    connect()
    first, *pieces, last = services.stream_answer(conversation=stored(talk), content=TEXT, actor=member)
    assert isinstance(first, Understood)
    assert {fact["facet"] for fact in first.facts} >= {"industries", "locations"}
    assert isinstance(last, Answer)
    assert len(pieces) > 1
    assert "".join(each.text for each in pieces if isinstance(each, Piece)) == last.content


READINGS = [
    # What the model claims, what the message says, and what is kept.
    ("titles", "Head Wizard", "Head Wizard", "we want the Head Wizard of each firm", ["Head Wizard"]),
    ("titles", "Head Wizard", "Head Wizard", "we want owners", []),
    ("industries", "Space mining", "space mining", "firms in space mining", []),
    ("countries", "Bahrain", "over there", "everybody over there", ["Bahrain"]),
    ("countries", "Atlantis", "Atlantis", "firms in Atlantis", []),
    ("company_size", "huge", "huge", "huge firms", []),
    ("outreach_type", "inbound", "firms", "firms", []),
]


@pytest.mark.parametrize(("slot", "value", "words", "content", "expected"), READINGS)
def test_only_what_the_message_says_is_taken_from_a_reading(slot, value, words, content, expected):
    claim = {
        "slot": slot, "value": value, "least": None, "most": None, "excluded": False, "removed": False, "words": words,
    }  # fmt: skip
    if slot not in model_reading.SLOTS:
        # The schema refuses it before.
        assert slot == "outreach_type"
        return
    found = model_reading.read({"values": [claim]}, content, [])
    assert [each.value for each in found] == expected


def test_the_grammar_wins_over_a_reading():
    content = "firms with 50 to 200 employees"
    claim = {
        "slot": "employees", "value": "", "least": 50, "most": 50, "excluded": False, "removed": False, "words": "50",
    }  # fmt: skip
    assert model_reading.read({"values": [claim]}, content, extract(content).values) == []


SYSTEM = "You help somebody to describe the customers they want, inside the product LAD. Ask no question."
REMARKS = [
    (["Good, clinics. ", "Which city?", " Fine."], "Good, clinics. Fine.", False),
    (["Sure: You help somebody to describe the customers they want, inside the product LAD."], "Sure:", True),
    (["Look: <data-abc>secret</data-abc> there."], "Look:", True),
    (["x" * 900 + ". End."], "End.", False),
    (["Fine. See https://evil.example/?q=our-pipeline for more. Good."], "Fine. Good.", False),
    (["Fine. See evil.exam", "ple/our-pipeline now. Good."], "Fine. Good.", False),
    (["Fine. [More](//evil.example/x) here. Good."], "Fine. Good.", False),
    (["Fine. Ask www.evil.example now. Write to mailto:a@evil.example now. Good."], "Fine. Good.", False),
    (["Fine. Look at our-pipeline.evil.example now. Good."], "Fine. Good.", False),
    # What the person named may be named.
    (["I noted acme.com, e.g. its owners. Good."], "I noted acme.com, e.g. its owners. Good.", False),
]


@pytest.mark.parametrize(("said", "shown", "leaked"), REMARKS)
def test_a_remark_asks_nothing_and_repeats_no_instructions(said, shown, leaked):
    remark = Remark(SYSTEM, "We sell to acme.com and others")
    pieces = [piece for words in said for piece in remark.take(words)]
    pieces += remark.end()
    assert ("".join(pieces), remark.leaked) == (shown, leaked)


def test_two_answers_at_once_do_not_mix(talk, member, connect, tenant):
    connect()
    with tenant_context(tenant.pk, user_id=member.pk):
        turn = turns.begin(conversation=stored(talk), content=TEXT, actor=member)
    with pytest.raises(turns.StillAnswering):
        services.answer(conversation=stored(talk), content="owners", actor=member)
    answer = turns.finish(turn, Heard())
    assert answer.where.asking == "roles"
    with tenant_context(tenant.pk):
        assert Message.objects.filter(conversation=talk).count() == 2
