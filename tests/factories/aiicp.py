"""Factories of the assistant's models."""

from typing import Any

from factory import LazyFunction, Sequence, SubFactory

from aiicp.conversations.models import Conversation, Message, MessageRole
from aiicp.keywords.models import KeywordExpansion
from aiicp.lead_files.models import LeadFileRow
from aiicp.profiles.models import IcpProfile, IcpProfileVersion
from aiicp.scoring.models import LeadScore
from tests.factories.base import SharedModelFactory, TenantModelFactory, unique
from tests.factories.kernel import JobFactory
from tests.factories.leads import LeadFactory
from tests.factories.tenants import MemberFactory


class ConversationFactory(TenantModelFactory[Conversation]):
    user = SubFactory(MemberFactory)
    title = unique("Heads of sales, number %d")
    icp_data: Any = LazyFunction(lambda: {"roles": ["Head of Sales"], "company_size": "mid-market"})
    search_params: Any = LazyFunction(lambda: {"person_titles": ["Head of Sales"]})

    class Meta:
        model = Conversation


class MessageFactory(TenantModelFactory[Message]):
    conversation = SubFactory(ConversationFactory)
    role = MessageRole.USER
    content = unique("I look for heads of sales, the %dth of them")

    class Meta:
        model = Message


class IcpProfileFactory(TenantModelFactory[IcpProfile]):
    user = SubFactory(MemberFactory)
    name = unique("Nordic fintech %d")
    icp_data: Any = LazyFunction(lambda: {"industries": ["fintech"], "locations": ["Stockholm"]})
    search_params: Any = LazyFunction(lambda: {"organization_locations": ["Stockholm"]})

    class Meta:
        model = IcpProfile


class KeywordExpansionFactory(SharedModelFactory[KeywordExpansion]):
    original_keyword = unique("fintech %d")
    expanded_keywords: Any = LazyFunction(lambda: ["financial technology", "payments", "neobank"])
    context = "industry"
    model = "gemini-2.5-flash"

    class Meta:
        model = KeywordExpansion


class IcpProfileVersionFactory(TenantModelFactory[IcpProfileVersion]):
    profile = SubFactory(IcpProfileFactory)
    number = Sequence(lambda number: number + 1)
    name = unique("Nordic fintech before change %d")
    icp_data: Any = LazyFunction(lambda: {"industries": ["banking"], "locations": ["Oslo"]})

    class Meta:
        model = IcpProfileVersion


class LeadScoreFactory(TenantModelFactory[LeadScore]):
    profile = SubFactory(IcpProfileFactory)
    lead = SubFactory(LeadFactory)
    points = 65
    known = 80
    reasons: Any = LazyFunction(
        lambda: [
            {
                "criterion": "role",
                "verdict": "match",
                "points": 25,
                "of": 25,
                "found": "Head of Operations",
                "wanted": "Operations Manager",
            }
        ]
    )

    class Meta:
        model = LeadScore


class LeadFileRowFactory(TenantModelFactory[LeadFileRow]):
    job = SubFactory(JobFactory)
    number = Sequence(lambda number: number + 2)
    texts: Any = LazyFunction(lambda: {"email": "maya@people.example"})

    class Meta:
        model = LeadFileRow
