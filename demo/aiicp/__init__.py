"""Demo rows of the aiicp domain."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.keywords.models import KeywordExpansion
from aiicp.profiles.models import IcpProfile
from demo.aiicp.keywords import OWN, SHARED, Expansion
from demo.aiicp.talks import TALKS, Talk
from demo.company import HISTORY_DAYS, DemoCompany
from lad.db.identifiers import uuid7

MODEL = "gemini-2.5-flash"


def load(company: DemoCompany) -> None:
    """Fill one company with conversations, profiles and keywords of its own."""
    for talk in TALKS.get(company.slug, ()):
        conversation = _conversation(company, talk)
        Message.objects.bulk_create(_messages(company, conversation, talk))
        if talk.profile:
            _profile(company, conversation, talk)
    KeywordExpansion.objects.bulk_create(
        KeywordExpansion(
            **company.born(moment := company.moment()),
            tenant=company.tenant,
            original_keyword=keyword,
            context=context,
            expanded_keywords=list(means),
            model=MODEL,
            usage_count=company.random.randint(1, 12),
            last_used_at=company.between(moment, company.now),
        )
        for keyword, context, means in OWN.get(company.slug, ())
    )


def load_shared(now: datetime) -> None:
    """The keywords everybody may look up."""
    KeywordExpansion.objects.bulk_create(_shared(number, each, now) for number, each in enumerate(SHARED))


def _conversation(company: DemoCompany, talk: Talk) -> Conversation:
    started = company.ago(days=talk.days_ago, hours=company.random.randint(0, 8))
    archived = talk.status == ConversationStatus.ARCHIVED
    conversation = Conversation(
        **company.born(started),
        tenant=company.tenant,
        user=company.staff.get(talk.person, company.owner),
        title=talk.title,
        status=talk.status,
        icp_data=talk.icp,
        search_params=talk.search,
        search_triggered=talk.searched,
        metadata={"stage": talk.stage, "progress": talk.progress, "step_index": len(talk.said) // 2},
        archived_at=company.between(started + timedelta(hours=2), company.now) if archived else None,
    )
    conversation.save(force_insert=True)
    return conversation


def _messages(company: DemoCompany, conversation: Conversation, talk: Talk) -> Iterator[Message]:
    moment = conversation.created_at
    for position, said in enumerate(talk.said):
        answered = position % 2 == 1
        moment += timedelta(seconds=company.random.randint(2, 6) if answered else company.random.randint(20, 240))
        yield Message(
            **company.born(moment),
            tenant=company.tenant,
            conversation=conversation,
            role=MessageRole.ASSISTANT if answered else MessageRole.USER,
            content=said.text,
            message_data=said.data,
            tokens_used=len(said.text) // 3 + company.random.randint(180, 900) if answered else None,
            model=MODEL if answered else "",
        )


def _profile(company: DemoCompany, conversation: Conversation, talk: Talk) -> None:
    saved = company.after(conversation.created_at + timedelta(minutes=10), hours=6)
    used = company.random.randint(0, 9) if talk.searched else 0
    IcpProfile(
        **company.born(saved),
        tenant=company.tenant,
        user=conversation.user,
        name=talk.profile,
        description=talk.about,
        icp_data=talk.icp,
        search_params=talk.search,
        source_conversation=conversation,
        is_active=talk.status != ConversationStatus.ARCHIVED,
        usage_count=used,
        last_used_at=company.between(saved, company.now) if used else None,
    ).save(force_insert=True)


def _shared(number: int, expansion: Expansion, now: datetime) -> KeywordExpansion:
    keyword, context, means = expansion
    found = now - timedelta(days=HISTORY_DAYS - 7 * number % HISTORY_DAYS, minutes=13 * number)
    return KeywordExpansion(
        id=uuid7(),
        created_at=found,
        original_keyword=keyword,
        context=context,
        expanded_keywords=list(means),
        model=MODEL,
        usage_count=3 + 37 * number % 41,
        last_used_at=now - timedelta(hours=5 * number + 1),
    )
