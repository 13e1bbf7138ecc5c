"""Only its user and members who may oversee the assistant see a conversation, and only its user changes it."""

import pytest

from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tests.aiicp.helpers import CONVERSATIONS, MESSAGES, PROFILES, conversation, ids, message, post_message, profile
from tests.factories.tenants import MembershipFactory, UserFactory
from tests.support.api import problem
from tests.support.database import stored


@pytest.fixture
def colleague(tenant):
    with platform_context(tenant_id=tenant.pk):
        user = UserFactory.create(email="colleague@acme.test", primary_tenant=tenant)
        MembershipFactory.create(user=user, role=Role.MEMBER)
    return user


@pytest.fixture
def private_conversation(tenant, member):
    row = conversation(tenant, member, title="The takeover of Solvang")
    message(row, content="We want to buy Solvang.")
    return row


def test_lists_hold_only_ones_own_conversations_and_messages(tenant, private_conversation, member, colleague, api):
    own = conversation(tenant, colleague)
    assert ids(api(colleague).get(CONVERSATIONS)) == {str(own.pk)}
    assert ids(api(colleague).get(MESSAGES)) == set()
    assert ids(api(colleague).get(CONVERSATIONS, {"user": str(member.pk)})) == set()
    assert ids(api(colleague).get(MESSAGES, {"conversation": str(private_conversation.pk)})) == set()


def test_a_colleagues_conversation_is_not_found_by_any_request(private_conversation, colleague, api):
    caller, where = api(colleague), f"{CONVERSATIONS}{private_conversation.pk}/"
    for response in (
        caller.get(where),
        caller.get(where, {"include": "messages"}),
        caller.patch(where, {"title": "Mine now"}, format="json"),
        caller.delete(where),
        caller.post(f"{where}archive/"),
        caller.post(f"{where}complete/"),
        caller.post(f"{where}save-profile/", {"name": "Theirs"}, format="json"),
    ):
        assert problem(response) == (404, "not_found")
    messages = stored(private_conversation).messages
    with platform_context():
        assert problem(caller.get(f"{MESSAGES}{messages.get().pk}/")) == (404, "not_found")


def test_a_colleagues_deleted_conversation_is_neither_listed_nor_restored(private_conversation, member, colleague, api):
    assert api(member).delete(f"{CONVERSATIONS}{private_conversation.pk}/").status_code == 204
    assert ids(api(colleague).get(CONVERSATIONS, {"deleted": "true"})) == set()
    assert problem(api(colleague).post(f"{CONVERSATIONS}{private_conversation.pk}/restore/")) == (404, "not_found")
    assert stored(private_conversation).deleted_at is not None
    assert api(member).post(f"{CONVERSATIONS}{private_conversation.pk}/restore/").status_code == 200


def test_messages_of_a_deleted_conversation_are_not_listed(private_conversation, member, api):
    assert len(ids(api(member).get(MESSAGES))) == 1
    api(member).delete(f"{CONVERSATIONS}{private_conversation.pk}/")
    assert ids(api(member).get(MESSAGES)) == set()


def test_nobody_writes_in_another_users_conversation(private_conversation, colleague, owner, api):
    for person in (colleague, owner):
        response = post_message(api, person, private_conversation, "And me?")
        assert problem(response) == (400, "invalid")
        assert response.json()["errors"]["conversation"] == ["This conversation does not exist."]


def test_overseers_read_everybodys_conversations(private_conversation, admin, owner, viewer, api):
    for person in (admin, owner):
        assert str(private_conversation.pk) in ids(api(person).get(CONVERSATIONS))
        assert len(ids(api(person).get(MESSAGES, {"conversation": str(private_conversation.pk)}))) == 1
    assert str(private_conversation.pk) not in ids(api(viewer).get(CONVERSATIONS))


def test_nobody_but_its_user_changes_a_conversation(private_conversation, member, admin, api, admin_of):
    where = f"{CONVERSATIONS}{private_conversation.pk}/"
    caller = api(admin)
    for refused in (
        caller.patch(where, {"title": "Gossip"}, format="json"),
        caller.delete(where),
        *(caller.post(f"{where}{action}/") for action in ("complete", "archive", "reopen")),
    ):
        assert problem(refused) == (403, "not_the_owner")
    browser, page = admin_of(admin), f"/admin/aiicp/conversation/{private_conversation.pk}/"
    shown = browser.get(f"{page}change/")
    assert not shown.context["has_change_permission"]
    assert f"{page}archive/" not in shown.content.decode()
    assert browser.post(f"{page}change/", {"title": "Gossip"}).status_code == 403
    for action in ("archive", "complete", "delete"):
        assert browser.post(f"{page}{action}/", {"post": "yes"}).status_code == 403
    row = stored(private_conversation)
    assert (row.title, row.status, row.deleted_at) == ("The takeover of Solvang", "active", None)
    assert api(member).patch(where, {"title": "Solvang"}, format="json").status_code == 200


def test_the_admin_shows_users_their_own_conversations_and_overseers_all(
    tenant, private_conversation, viewer, owner, admin_of
):
    own = conversation(tenant, viewer)
    browser = admin_of(viewer)
    listed = browser.get("/admin/aiicp/conversation/").content.decode()
    assert f"/admin/aiicp/conversation/{own.pk}/" in listed
    assert private_conversation.title not in listed
    assert browser.get(f"/admin/aiicp/conversation/{private_conversation.pk}/change/").status_code == 404
    assert "We want to buy" not in browser.get("/admin/aiicp/message/").content.decode()
    seen = admin_of(owner).get(f"/admin/aiicp/conversation/{private_conversation.pk}/change/").content.decode()
    assert "We want to buy Solvang." in seen


def test_a_profile_does_not_show_the_title_of_its_private_conversation(
    tenant, private_conversation, member, viewer, admin_of
):
    row = profile(tenant, member, source_conversation=private_conversation)
    page = admin_of(viewer).get(f"/admin/aiicp/icpprofile/{row.pk}/change/")
    assert page.status_code == 200
    assert private_conversation.title not in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_no_conversation_appears_in_the_activity_feed(tenant, member, viewer, api):
    started = api(member).post(CONVERSATIONS, {"title": "The takeover of Solvang"}, format="json").json()
    api(member).patch(f"{CONVERSATIONS}{started['id']}/", {"title": "Solvang"}, format="json")
    api(member).post(f"{CONVERSATIONS}{started['id']}/archive/")
    saved = api(member).post(PROFILES, {"name": "Retail", "icp_data": {"roles": ["CFO"]}}, format="json")
    assert saved.status_code == 201, saved.content
    drain()
    entries = api(viewer).get("/api/v1/activity/").json()["results"]
    assert [entry["subject_label"] for entry in entries] == ["Retail"]
