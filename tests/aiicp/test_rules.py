"""Constraints of the assistant's tables."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from aiicp.conversations.models import Conversation, Message
from aiicp.keywords.models import KeywordExpansion
from lad import writes
from lad.errors import Refused
from lad.tenancy.context import platform_context, tenant_context
from tests.aiicp.helpers import EXPANSIONS, conversation, ids, message
from tests.factories.aiicp import KeywordExpansionFactory
from tests.factories.tenants import UserFactory
from tests.support.database import refuses


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


def test_only_a_member_may_own_a_conversation(tenant):
    with platform_context(tenant_id=tenant.pk):
        stranger = UserFactory.create()
        with pytest.raises(IntegrityError), transaction.atomic():
            Conversation(tenant=tenant, user=stranger).save()


@pytest.mark.parametrize("values", [{"content": ""}, {"tokens_used": -1}, {"role": "ai"}])
def test_a_message_needs_content_a_known_role_and_no_negative_tokens(tenant, member, values):
    row = conversation(tenant, member)
    with pytest.raises(IntegrityError), transaction.atomic():
        message(row, **values)


def test_a_message_cannot_be_changed_or_deleted(tenant, member):
    said = message(conversation(tenant, member))
    with platform_context():
        for change in (
            lambda: Message.objects.filter(pk=said.pk).update(content="Something else"),
            lambda: Message.objects.filter(pk=said.pk).hard_delete(),
        ):
            with pytest.raises(Exception, match=r"append-only|permission denied"), transaction.atomic():
                change()
        assert Message.objects.get(pk=said.pk).content == said.content


def test_a_keyword_is_stored_in_lower_case_and_found_in_any(tenant, member, api):
    with platform_context(tenant_id=tenant.pk):
        row = KeywordExpansionFactory.create(original_keyword="  FinTech Ä ", context=" Industry ")
        assert (row.original_keyword, row.context) == ("fintech ä", "industry")
        assert KeywordExpansion.objects.get(original_keyword=" FINTECH Ä").pk == row.pk
    assert str(row.pk) in ids(api(member).get(EXPANSIONS, {"original_keyword": "FinTech Ä"}))


@pytest.mark.parametrize("shared", [True, False])
def test_a_keyword_has_one_expansion_per_context_and_tenant_and_one_shared(tenant, shared):
    owner = {"tenant_id": None} if shared else {}
    with platform_context(tenant_id=tenant.pk):
        KeywordExpansionFactory.create(original_keyword="fintech", context="industry", **owner)
        KeywordExpansionFactory.create(original_keyword="fintech", context="technology", **owner)
        with pytest.raises(IntegrityError), transaction.atomic():
            KeywordExpansionFactory.create(original_keyword="FinTech ", context="industry", **owner)
        other = {} if shared else {"tenant_id": None}
        KeywordExpansionFactory.create(original_keyword="fintech", context="industry", **other)


def test_the_database_refuses_a_keyword_that_is_not_normalised(tenant):
    with platform_context(tenant_id=tenant.pk):
        row = KeywordExpansionFactory.create()
        for wrong in ("'FinTech'", "' fintech'", "''"):
            with pytest.raises(IntegrityError), transaction.atomic():
                _set_keyword(row, wrong)


def test_a_second_expansion_is_refused_and_says_what_to_do(tenant):
    with platform_context(tenant_id=tenant.pk):
        KeywordExpansionFactory.create(original_keyword="fintech", context="industry", tenant_id=None)
        values = {"original_keyword": "FinTech ", "context": "industry", "expanded_keywords": ["payments"]}
        with refuses(Refused, "already has an expansion"):
            writes.create(KeywordExpansion, values)


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
