"""What the database itself holds the assistant's tables to."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from aiicp.conversations.models import Conversation, Message
from aiicp.keywords.models import KeywordExpansion
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.aiicp.helpers import EXPANSIONS, conversation, ids, message
from tests.factories.aiicp import KeywordExpansionFactory
from tests.factories.tenants import UserFactory


@pytest.mark.parametrize(
    "values",
    [
        {"status": "archived"},
        {"status": "active", "archived_at": timezone.now()},
        {"status": "completed", "archived_at": timezone.now()},
        {"status": "forgotten"},
    ],
)
def test_status_and_archived_at_agree(tenant, member, values):
    row = conversation(tenant, member)
    with platform_context(), pytest.raises(IntegrityError), transaction.atomic():
        Conversation.objects.filter(pk=row.pk).update(**values)


def test_a_conversation_is_a_member_s(tenant):
    with platform_context(tenant_id=tenant.pk):
        stranger = UserFactory.create()
        with pytest.raises(IntegrityError), transaction.atomic():
            Conversation(tenant=tenant, user=stranger).save()


@pytest.mark.parametrize("values", [{"content": ""}, {"tokens_used": -1}, {"role": "ai"}])
def test_a_message_says_something_in_a_known_role_for_no_less_than_nothing(tenant, member, values):
    row = conversation(tenant, member)
    with pytest.raises(IntegrityError), transaction.atomic():
        message(row, **values)


def test_a_message_stays_what_it_is(tenant, member):
    said = message(conversation(tenant, member))
    with platform_context():
        for change in (
            lambda: Message.objects.filter(pk=said.pk).update(content="Something else"),
            lambda: Message.objects.filter(pk=said.pk).hard_delete(),
        ):
            with pytest.raises(Exception, match=r"append-only|permission denied"), transaction.atomic():
                change()
        assert Message.objects.get(pk=said.pk).content == said.content


def test_a_keyword_is_stored_so_that_equality_finds_it(tenant, member, api):
    with platform_context(tenant_id=tenant.pk):
        row = KeywordExpansionFactory.create(original_keyword="  FinTech Ä ", context=" Industry ")
        assert (row.original_keyword, row.context) == ("fintech ä", "industry")
        assert KeywordExpansion.objects.get(original_keyword=" FINTECH Ä").pk == row.pk
    assert str(row.pk) in ids(api(member).get(EXPANSIONS, {"original_keyword": "FinTech Ä"}))


@pytest.mark.parametrize("shared", [True, False])
def test_a_keyword_is_expanded_once_in_a_context_for_a_tenant_and_once_for_everybody(tenant, shared):
    whose = {"tenant_id": None} if shared else {}
    with platform_context(tenant_id=tenant.pk):
        KeywordExpansionFactory.create(original_keyword="fintech", context="industry", **whose)
        KeywordExpansionFactory.create(original_keyword="fintech", context="technology", **whose)
        with pytest.raises(IntegrityError), transaction.atomic():
            KeywordExpansionFactory.create(original_keyword="FinTech ", context="industry", **whose)
        other = {} if shared else {"tenant_id": None}
        KeywordExpansionFactory.create(original_keyword="fintech", context="industry", **other)


def test_the_database_refuses_a_keyword_that_is_not_normal(tenant):
    with platform_context(tenant_id=tenant.pk):
        row = KeywordExpansionFactory.create()
        for wrong in ("'FinTech'", "' fintech'", "''"):
            with pytest.raises(IntegrityError), transaction.atomic():
                _set_keyword(row, wrong)


def test_a_second_expansion_is_refused_with_a_word_on_what_to_do(tenant):
    with platform_context(tenant_id=tenant.pk):
        KeywordExpansionFactory.create(original_keyword="fintech", context="industry", tenant_id=None)
        values = {"original_keyword": "FinTech ", "context": "industry", "expanded_keywords": ["payments"]}
        with pytest.raises(Invalid) as refused:
            writes.create(KeywordExpansion, values)
    assert "expanded already" in str(refused.value.errors)


def test_a_tenant_reads_shared_expansions_and_its_own(tenant, other_tenant, member, api):
    with platform_context(tenant_id=other_tenant.pk):
        foreign = KeywordExpansionFactory.create()
    with platform_context(tenant_id=tenant.pk):
        own, shared = KeywordExpansionFactory.create(), KeywordExpansionFactory.create(tenant_id=None)
    listed = ids(api(member).get(EXPANSIONS))
    assert {str(own.pk), str(shared.pk)} <= listed
    assert str(foreign.pk) not in listed
    with tenant_context(tenant.pk):
        assert KeywordExpansion.objects.filter(pk=shared.pk).update(usage_count=9) == 0


def _set_keyword(row, literal):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE ai_keyword_expansions SET original_keyword = {literal} WHERE id = %s", [row.pk])
