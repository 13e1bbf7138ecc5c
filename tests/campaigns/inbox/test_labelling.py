"""Rules label answers by their words, with the reason; requests to be left alone never wait for a model."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from campaigns.inbox.labelling import model_reading
from campaigns.inbox.labelling.rules import label_of
from campaigns.inbox.models import Label, LabelSource
from campaigns.inbox.services import handling, suggesting
from campaigns.messages.models import MessageKind
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import Suppression
from sandbox.providers.mail.people.languages import LANGUAGES
from tests.lad.llm.conftest import connect  # noqa: F401  (a fixture)

REPLIES = [json.loads(line) for line in (Path(__file__).parent / "replies.jsonl").read_text("utf-8").splitlines()]


def test_the_rules_label_95_of_100_replies_and_never_unsubscribe_wrongly() -> None:
    assert len(REPLIES) >= 80
    wrong = []
    for each in REPLIES:
        found = label_of(each["text"])
        label = found.label if found else ""
        if label != each["label"]:
            wrong.append((each["text"], label, each["label"]))
    assert len(wrong) <= len(REPLIES) * 0.05, wrong
    assert not [each for each in wrong if Label.UNSUBSCRIBE in each[1:]]
    assert set(Counter(each["label"] for each in REPLIES)) >= set(Label) - {Label.OUT_OF_OFFICE}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_people_of_the_sandbox_write_is_understood(language: str) -> None:
    said = LANGUAGES[language]
    assert label_of(said.agrees).label == Label.INTERESTED  # type: ignore[union-attr]
    assert label_of(said.declines).label == Label.NOT_INTERESTED  # type: ignore[union-attr]
    assert label_of(said.unsubscribe).label == Label.UNSUBSCRIBE  # type: ignore[union-attr]


def test_the_reason_names_the_words() -> None:
    found = label_of("Hello, I'm NOT the Right Person, sorry.")
    assert found is not None
    assert (found.label, found.reason) == (Label.WRONG_PERSON, "They wrote “not the right person”.")
    question = label_of("Thanks. Is it available in Oslo? Best, Nils")
    assert question is not None
    assert question.reason == "They asked “Is it available in Oslo?”."


def test_a_labelled_answer_shows_why(lead: Any, said: Any, conversation: Any) -> None:
    said(lead, "Sounds good, call me.")
    row = conversation(lead)
    assert (row.label, row.label_source) == (Label.INTERESTED, LabelSource.RULE)
    assert row.label_reason == "They wrote “sounds good”."
    said(lead, "Thank you.")
    assert conversation(lead).label == Label.INTERESTED


def test_an_absence_is_forgotten_with_the_next_answer(lead: Any, said: Any, conversation: Any) -> None:
    said(lead, "Away", kind=MessageKind.OUT_OF_OFFICE)
    assert conversation(lead).label == Label.OUT_OF_OFFICE
    said(lead, "Back again.")
    row = conversation(lead)
    assert (row.label, row.label_reason) == ("", "")


def test_a_persons_label_stays_until_the_lead_wants_to_be_left_alone(
    lead: Any, said: Any, conversation: Any, tenant: Any, owner: Any, profile: Any
) -> None:
    said(lead, "Hm.")
    with tenant_context(tenant.pk):
        handling.set_label(ids=[conversation(lead).pk], label=Label.NOT_NOW, actor=owner)
    said(lead, "Sounds good")
    row = conversation(lead)
    assert (row.label, row.label_source) == (Label.NOT_NOW, LabelSource.PERSON)
    assert row.label_reason == f"{owner.full_name or owner.email} chose it."
    said(lead, "Stop messaging me", channel=Channel.LINKEDIN, linkedin_account=profile)
    assert conversation(lead).label == Label.UNSUBSCRIBE


@pytest.mark.parametrize("channel", [Channel.LINKEDIN, Channel.WHATSAPP, Channel.SMS])
def test_who_asks_to_be_left_alone_on_any_channel_is_listed_at_once(
    lead: Any, said: Any, tenant: Any, channel: Channel
) -> None:
    said(lead, "Please stop messaging me, thank you", channel=channel)
    said(lead, "STOP", channel=channel)
    with platform_context(tenant_id=tenant.pk):
        [entry] = Suppression.objects.all()
    assert (entry.channel, entry.lead_id, entry.reason) == (channel, lead.pk, "unsubscribed")
    assert entry.evidence["sentence"] == "They wrote “stop messaging me”."


def test_a_stranger_who_asks_to_be_left_alone_is_listed_by_the_number(said: Any, tenant: Any, number: Any) -> None:
    said(None, "STOP", channel=Channel.WHATSAPP, channel_account=number, from_address="+4915199999999")
    with platform_context(tenant_id=tenant.pk):
        [entry] = Suppression.objects.all()
    assert entry.address == "+4915199999999"


def test_a_model_suggests_what_no_rule_knows(
    monkeypatch: Any, lead: Any, said: Any, conversation: Any, tenant: Any
) -> None:
    asked = []

    def answers(question: Any, *, embedded: Any) -> Any:
        asked.append(question)
        return type("Answer", (), {"embedded": False, "data": {"label": "interested", "words": "in my Calendar"}})()

    monkeypatch.setattr(suggesting, "complete", answers)
    monkeypatch.setattr(suggesting, "connection_for", lambda *_args: object())
    said(lead, "Put something in my calendar for Tuesday.")
    row = conversation(lead)
    assert (row.label, row.suggestion_due_at is not None) == ("", True)
    assert suggesting.suggest(row.pk, tenant.pk)
    row = conversation(lead)
    assert (row.label, row.suggested_label, row.suggestion_due_at) == ("", Label.INTERESTED, None)
    assert row.suggested_reason == "The language model took “in my Calendar” for “Interested”."
    assert len(asked) == 1


def test_a_suggestion_about_words_that_are_not_the_last_is_not_kept(
    monkeypatch: Any, lead: Any, said: Any, conversation: Any, tenant: Any
) -> None:
    def answers(question: Any, *, embedded: Any) -> Any:
        said(lead, "On second thoughts, leave my calendar as it is.")
        return type("Answer", (), {"embedded": False, "data": {"label": "interested", "words": "in my calendar"}})()

    monkeypatch.setattr(suggesting, "complete", answers)
    monkeypatch.setattr(suggesting, "connection_for", lambda *_args: object())
    said(lead, "Put something in my calendar for Tuesday.")
    assert not suggesting.suggest(conversation(lead).pk, tenant.pk)
    row = conversation(lead)
    assert (row.suggested_label, row.suggestion_due_at is not None) == ("", True)


def test_a_suggestion_counts_only_with_words_of_the_message() -> None:
    answer = {"label": "interested", "words": "absolutely yes"}
    assert model_reading.read(answer, "We shall see.") is None
    assert model_reading.read({"label": "none", "words": ""}, "We shall see.") is None
    assert model_reading.read({"label": "interested", "words": "We SHALL"}, "We shall see.") is not None


def test_without_a_model_nothing_is_suggested_and_nothing_waits(
    lead: Any, said: Any, conversation: Any, tenant: Any
) -> None:
    said(lead, "Put something in my calendar.")
    assert not suggesting.suggest(conversation(lead).pk, tenant.pk)
    assert conversation(lead).suggestion_due_at is None


def test_only_a_person_makes_a_suggestion_the_label(
    lead: Any, said: Any, conversation: Any, tenant: Any, owner: Any
) -> None:
    said(lead, "This is the third time. Lose my address.")
    row = conversation(lead)
    with tenant_context(tenant.pk):
        type(row).objects.filter(pk=row.pk).update(suggested_label="unsubscribe", suggested_reason="Because.")
        assert not Suppression.objects.exists()
        handling.accept_suggestion(conversation=row, actor=owner)
        row = conversation(lead)
        assert (row.label, row.label_source, row.label_reason) == ("unsubscribe", LabelSource.MODEL, "Because.")
        assert row.suggested_label == ""
        [entry] = Suppression.objects.all()
        assert (entry.lead_id, entry.created_by_user_id) == (lead.pk, owner.pk)
