"""Demo data of the assistant."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.keywords.models import KeywordExpansion
from aiicp.profiles.models import IcpProfile
from demo.aiicp import assisted, language_models
from demo.aiicp.conversations import CONVERSATIONS
from demo.aiicp.conversations.scripts import ScriptedConversation
from demo.aiicp.keywords import OWN, SHARED, Expansion
from demo.demo_tenant import HISTORY_DAYS, DemoTenant
from lad.db.identifiers import uuid7

MODEL = "gemini-2.5-flash"


def load(demo: DemoTenant) -> None:
    """Fill one tenant with conversations, profiles and keywords of its own."""
    # First of all, while the tenant has no model.
    assisted.load(demo)
    language_models.load(demo)
    for script in CONVERSATIONS.get(demo.slug, ()):
        conversation = _conversation(demo, script)
        Message.objects.bulk_create(_messages(demo, conversation, script))
        if script.profile:
            _profile(demo, conversation, script)
    KeywordExpansion.objects.bulk_create(
        KeywordExpansion(
            **demo.created(moment := demo.moment()),
            tenant=demo.tenant,
            original_keyword=keyword,
            context=context,
            expanded_keywords=list(expanded),
            model=MODEL,
            usage_count=demo.random.randint(1, 12),
            last_used_at=demo.between(moment, demo.now),
        )
        for keyword, context, expanded in OWN.get(demo.slug, ())
    )


def load_shared(now: datetime) -> None:
    """Create the shared keyword expansions and the platform's language model."""
    language_models.load_shared(now)
    KeywordExpansion.objects.bulk_create(_shared(number, each, now) for number, each in enumerate(SHARED))


def _conversation(demo: DemoTenant, script: ScriptedConversation) -> Conversation:
    started = demo.ago(days=script.days_ago, hours=demo.random.randint(0, 8))
    archived = script.status == ConversationStatus.ARCHIVED
    conversation = Conversation(
        **demo.created(started),
        tenant=demo.tenant,
        user=demo.staff.get(script.person, demo.owner),
        title=script.title,
        status=script.status,
        icp_data=script.icp,
        search_params=script.search,
        search_triggered=script.searched,
        metadata={"stage": script.stage, "progress": script.progress, "step_index": len(script.messages) // 2},
        archived_at=demo.between(started + timedelta(hours=2), demo.now) if archived else None,
    )
    conversation.save(force_insert=True)
    return conversation


def _messages(demo: DemoTenant, conversation: Conversation, script: ScriptedConversation) -> Iterator[Message]:
    moment = conversation.created_at
    for position, message in enumerate(script.messages):
        by_assistant = position % 2 == 1
        moment += timedelta(seconds=demo.random.randint(2, 6) if by_assistant else demo.random.randint(20, 240))
        yield Message(
            **demo.created(moment),
            tenant=demo.tenant,
            conversation=conversation,
            role=MessageRole.ASSISTANT if by_assistant else MessageRole.USER,
            content=message.text,
            message_data=message.data,
            tokens_used=len(message.text) // 3 + demo.random.randint(180, 900) if by_assistant else None,
            model=MODEL if by_assistant else "",
        )


def _profile(demo: DemoTenant, conversation: Conversation, script: ScriptedConversation) -> None:
    saved = demo.after(conversation.created_at + timedelta(minutes=10), hours=6)
    used = demo.random.randint(0, 9) if script.searched else 0
    IcpProfile(
        **demo.created(saved),
        tenant=demo.tenant,
        user=conversation.user,
        name=script.profile,
        description=script.about,
        icp_data=script.icp,
        search_params=script.search,
        source_conversation=conversation,
        is_active=script.status != ConversationStatus.ARCHIVED,
        usage_count=used,
        last_used_at=demo.between(saved, demo.now) if used else None,
    ).save(force_insert=True)


def _shared(number: int, expansion: Expansion, now: datetime) -> KeywordExpansion:
    keyword, context, expanded = expansion
    found = now - timedelta(days=HISTORY_DAYS - 7 * number % HISTORY_DAYS, minutes=13 * number)
    return KeywordExpansion(
        id=uuid7(),
        created_at=found,
        original_keyword=keyword,
        context=context,
        expanded_keywords=list(expanded),
        model=MODEL,
        usage_count=3 + 37 * number % 41,
        last_used_at=now - timedelta(hours=5 * number + 1),
    )
