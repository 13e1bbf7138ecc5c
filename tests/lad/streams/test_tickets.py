"""Who gets a ticket for which channel."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from lad.streams.channels import Channel, channels
from lad.streams.tickets import Ticket, read_ticket
from tests.support.api import field_problems, problem

ADDRESS = "/api/v1/stream-tickets/"


@pytest.fixture
def managers_channel() -> Iterator[str]:
    channel = channels.register(Channel("managers", "For managers", right="team.update"))
    yield channel.key
    channels.unregister(channel.key)


def test_a_member_gets_a_ticket_for_the_current_tenant(api: Any, member: Any, tenant: Any) -> None:
    answer = api(member).post(ADDRESS, {"channel": "activity"}, format="json")
    assert answer.status_code == 201, answer.content
    assert answer["Cache-Control"] == "no-store"
    document = answer.json()
    assert read_ticket(document["ticket"]) == Ticket(UUID(str(tenant.pk)), member.pk, "activity")
    assert document["url"].endswith(f"/streams/activity/?ticket={document['ticket']}")


def test_a_stranger_gets_none(api: Any, client: Any) -> None:
    answer = client.post(ADDRESS, {"channel": "activity"}, content_type="application/json")
    assert problem(answer) == (401, "not_authenticated")


def test_an_unknown_channel_is_named(api: Any, member: Any) -> None:
    errors = field_problems(api(member).post(ADDRESS, {"channel": "weather"}, format="json"))
    assert errors == {"channel": ["There is no such channel. Use one of: activity, inbox, campaigns, calls."]}


def test_a_channel_is_closed_to_members_without_its_right(
    api: Any, owner: Any, member: Any, managers_channel: str
) -> None:
    body = {"channel": managers_channel}
    assert problem(api(member).post(ADDRESS, body, format="json")) == (403, "missing_right")
    assert api(owner).post(ADDRESS, body, format="json").status_code == 201


def test_staff_who_are_no_members_get_none(api: Any, superuser: Any) -> None:
    body = {"channel": "activity"}
    assert problem(api(superuser).post(ADDRESS, body, format="json")) == (403, "no_membership")
