"""A conversation to talk in, and a tenant whose model is one of the sandbox's."""

from collections.abc import Callable
from typing import Any

import pytest

from aiicp.assistant import services
from aiicp.assistant.answers import Answer
from aiicp.conversations.models import Conversation
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.aiicp.helpers import CONVERSATIONS, conversation
from tests.support.database import stored

Says = Callable[[str], Answer]


@pytest.fixture
def talk(tenant: Tenant, member: User) -> Conversation:
    return conversation(tenant, member, title="", icp_data={}, search_params=None)


@pytest.fixture
def say(talk: Conversation, member: User) -> Says:
    """``say("clinics in Dubai")`` returns the answer."""
    return lambda content: services.answer(conversation=stored(talk), content=content, actor=member)


@pytest.fixture
def post(api, member, talk):
    def send(address: str, body: Any = None, *, user: Any = None, **headers: str) -> Any:
        return api(user or member).post(f"{CONVERSATIONS}{talk.pk}/{address}/", body or {}, format="json", **headers)

    return send
