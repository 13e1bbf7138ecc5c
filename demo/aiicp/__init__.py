"""Demo rows of the aiicp domain."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.keywords.models import KeywordExpansion
from aiicp.profiles.models import IcpProfile
from demo.aiicp.keywords import OWN, SHARED, Expansion
from demo.aiicp.talks import TALKS, Talk
from demo.demo_tenant import HISTORY_DAYS, DemoTenant
from lad.db.identifiers import uuid7

MODEL = "gemini-2.5-flash"


def load(demo: DemoTenant) -> None:
    """Fill one tenant with conversations, profiles and keywords of its own."""
    for talk in TALKS.get(demo.slug, ()):
        conversation = _conversation(demo, talk)
        Message.objects.bulk_create(_messages(demo, conversation, talk))
        if talk.profile:
            _profile(demo, conversation, talk)
    KeywordExpansion.objects.bulk_create(
        KeywordExpansion(
            **demo.created(moment := demo.moment()),
            tenant=demo.tenant,
            original_keyword=keyword,
            context=context,
            expanded_keywords=list(means),
            model=MODEL,
            usage_count=demo.random.randint(1, 12),
            last_used_at=demo.between(moment, demo.now),
        )
        for keyword, context, means in OWN.get(demo.slug, ())
    )


def load_shared(now: datetime) -> None:
    """The keywords everybody may look up."""
    KeywordExpansion.objects.bulk_create(_shared(number, each, now) for number, each in enumerate(SHARED))


def _conversation(demo: DemoTenant, talk: Talk) -> Conversation:
    started = demo.ago(days=talk.days_ago, hours=demo.random.randint(0, 8))
    archived = talk.status == ConversationStatus.ARCHIVED
    conversation = Conversation(
        **demo.created(started),
        tenant=demo.tenant,
        user=demo.staff.get(talk.person, demo.owner),
        title=talk.title,
        status=talk.status,
        icp_data=talk.icp,
        search_params=talk.search,
        search_triggered=talk.searched,
        metadata={"stage": talk.stage, "progress": talk.progress, "step_index": len(talk.said) // 2},
        archived_at=demo.between(started + timedelta(hours=2), demo.now) if archived else None,
    )
    conversation.save(force_insert=True)
    return conversation


def _messages(demo: DemoTenant, conversation: Conversation, talk: Talk) -> Iterator[Message]:
    moment = conversation.created_at
    for position, said in enumerate(talk.said):
        answered = position % 2 == 1
        moment += timedelta(seconds=demo.random.randint(2, 6) if answered else demo.random.randint(20, 240))
        yield Message(
            **demo.created(moment),
            tenant=demo.tenant,
            conversation=conversation,
            role=MessageRole.ASSISTANT if answered else MessageRole.USER,
            content=said.text,
            message_data=said.data,
            tokens_used=len(said.text) // 3 + demo.random.randint(180, 900) if answered else None,
            model=MODEL if answered else "",
        )


def _profile(demo: DemoTenant, conversation: Conversation, talk: Talk) -> None:
    saved = demo.after(conversation.created_at + timedelta(minutes=10), hours=6)
    used = demo.random.randint(0, 9) if talk.searched else 0
    IcpProfile(
        **demo.created(saved),
        tenant=demo.tenant,
        user=conversation.user,
        name=talk.profile,
        description=talk.about,
        icp_data=talk.icp,
        search_params=talk.search,
        source_conversation=conversation,
        is_active=talk.status != ConversationStatus.ARCHIVED,
        usage_count=used,
        last_used_at=demo.between(saved, demo.now) if used else None,
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
