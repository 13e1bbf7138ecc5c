"""What the tests of the assistant share."""

from typing import Any

from aiicp.conversations.models import Conversation
from aiicp.profiles.models import IcpProfile
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.aiicp import ConversationFactory, IcpProfileFactory, MessageFactory

CONVERSATIONS = "/api/v1/ai-conversations/"
MESSAGES = "/api/v1/ai-messages/"
PROFILES = "/api/v1/ai-icp-profiles/"
EXPANSIONS = "/api/v1/ai-keyword-expansions/"


def conversation(tenant: Tenant, user: User, **values: Any) -> Conversation:
    with platform_context(tenant_id=tenant.pk):
        return ConversationFactory.create(user=user, **values)


def message(row: Conversation, **values: Any) -> Any:
    with platform_context(tenant_id=row.tenant_id):
        return MessageFactory.create(conversation=row, **values)


def profile(tenant: Tenant, user: User, **values: Any) -> IcpProfile:
    with platform_context(tenant_id=tenant.pk):
        return IcpProfileFactory.create(user=user, **values)


def as_now(row: Any) -> Any:
    """The row as the database has it."""
    with platform_context():
        return type(row).all_objects.get(pk=row.pk)


def ids(response: Any) -> set[str]:
    assert response.status_code == 200, response.content
    return {row["id"] for row in response.json()["results"]}


def say(api: Any, user: User, row: Conversation, content: str, **more: Any) -> Any:
    return api(user).post(MESSAGES, {"conversation": str(row.pk), "content": content, **more}, format="json")
