"""Conversations that the embedded assistant holds while the demo is loaded, and the profile that scores the leads."""

from typing import Final

from aiicp.assistant import turns
from aiicp.assistant.replies import Intent, Reply
from aiicp.conversations.models import Conversation
from aiicp.profiles.models import IcpProfile
from aiicp.profiles.services import save_from_conversation
from aiicp.scoring.storing import score_leads
from demo.demo_tenant import DemoTenant
from lad import writes
from leads.contacts.models import Lead

SLUG: Final = "kestrel-analytics"
DESCRIBED: Final = (
    "Our customers are software, energy, logistics and insurance companies in Europe",
    "We help them agree about whose numbers are right",
    "Managing directors, CEOs, heads of marketing and product managers",
    "20 to 500 employees",
    "a subscription",
)
BEGUN: Final = ("We could also sell to private clinics in Dubai", "We help them see which rooms stand empty")
ABOUT: Final = "From the conversation about our best customers. Changed once, so that it has an earlier version."
PROFILE: Final = "Software, energy, logistics and insurance in Europe"


def load(demo: DemoTenant) -> None:
    """Let the owner of one tenant describe the customers, save the profile, and score the leads by it."""
    if demo.slug != SLUG:
        return
    conversation = _talk(demo, DESCRIBED)
    turns.begin(conversation=conversation, content="Yes, that is right", actor=demo.owner, reply=Reply(Intent.CONFIRM))
    conversation.refresh_from_db()
    profile = save_from_conversation(conversation=conversation, name=PROFILE, actor=demo.owner)
    profile = writes.update(profile, {"description": ABOUT, "scores_leads": True}, actor=demo.owner)
    _score(profile)
    _talk(demo, BEGUN)


def _talk(demo: DemoTenant, messages: tuple[str, ...]) -> Conversation:
    """Say the messages one by one. Without a model of the tenant's each is answered at once."""
    row: Conversation = writes.create(Conversation, {"tenant": demo.tenant}, actor=demo.owner)
    for content in messages:
        turns.begin(conversation=row, content=content, actor=demo.owner)
    return row


def _score(profile: IcpProfile) -> None:
    ids = list(Lead.objects.filter(tenant=profile.tenant_id).order_by("pk").values_list("pk", flat=True))
    score_leads(profile, ids)
