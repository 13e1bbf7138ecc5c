"""A conversation is its owner's; who may oversee the assistant sees it, nobody else."""

import pytest

from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from tenants.teams.models import Role
from tests.aiicp.helpers import CONVERSATIONS, MESSAGES, PROFILES, as_now, conversation, ids, message, profile, say
from tests.factories.tenants import MembershipFactory, UserFactory
from tests.tenants.helpers import problem


@pytest.fixture
def colleague(tenant):
    with platform_context(tenant_id=tenant.pk):
        user = UserFactory.create(email="colleague@acme.test", primary_tenant=tenant)
        MembershipFactory.create(user=user, role=Role.MEMBER)
    return user


@pytest.fixture
def talk(tenant, member):
    row = conversation(tenant, member, title="The takeover of Solvang")
    message(row, content="We want to buy Solvang.")
    return row


def test_lists_hold_one_s_own_conversations_and_messages(tenant, talk, member, colleague, api):
    own = conversation(tenant, colleague)
    assert ids(api(colleague).get(CONVERSATIONS)) == {str(own.pk)}
    assert ids(api(colleague).get(MESSAGES)) == set()
    assert ids(api(colleague).get(CONVERSATIONS, {"user": str(member.pk)})) == set()
    assert ids(api(colleague).get(MESSAGES, {"conversation": str(talk.pk)})) == set()


def test_a_colleague_s_conversation_is_not_there_for_any_call(talk, colleague, api):
    caller, where = api(colleague), f"{CONVERSATIONS}{talk.pk}/"
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
    said = as_now(talk).messages
    with platform_context():
        assert problem(caller.get(f"{MESSAGES}{said.get().pk}/")) == (404, "not_found")


def test_a_colleague_s_deleted_conversation_is_not_there_to_be_listed_or_restored(talk, member, colleague, api):
    assert api(member).delete(f"{CONVERSATIONS}{talk.pk}/").status_code == 204
    assert ids(api(colleague).get(CONVERSATIONS, {"deleted": "true"})) == set()
    assert problem(api(colleague).post(f"{CONVERSATIONS}{talk.pk}/restore/")) == (404, "not_found")
    assert as_now(talk).deleted_at is not None
    assert api(member).post(f"{CONVERSATIONS}{talk.pk}/restore/").status_code == 200


def test_messages_of_a_deleted_conversation_are_not_shown(talk, member, api):
    assert len(ids(api(member).get(MESSAGES))) == 1
    api(member).delete(f"{CONVERSATIONS}{talk.pk}/")
    assert ids(api(member).get(MESSAGES)) == set()


def test_nobody_writes_in_somebody_else_s_conversation(talk, colleague, owner, api):
    for person in (colleague, owner):
        response = say(api, person, talk, "And me?")
        assert problem(response) == (400, "invalid")
        assert response.json()["errors"]["conversation"] == ["There is no such conversation here."]


def test_who_oversees_reads_and_archives_everybody_s(talk, admin, owner, viewer, api):
    for person in (admin, owner):
        assert str(talk.pk) in ids(api(person).get(CONVERSATIONS))
        assert len(ids(api(person).get(MESSAGES, {"conversation": str(talk.pk)}))) == 1
    assert str(talk.pk) not in ids(api(viewer).get(CONVERSATIONS))
    assert api(admin).post(f"{CONVERSATIONS}{talk.pk}/archive/").json()["status"] == "archived"


def test_the_admin_shows_staff_their_own_conversations_and_overseers_all(tenant, talk, viewer, owner, admin_of):
    own = conversation(tenant, viewer)
    browser = admin_of(viewer)
    listed = browser.get("/admin/aiicp/conversation/").content.decode()
    assert f"/admin/aiicp/conversation/{own.pk}/" in listed
    assert talk.title not in listed
    assert browser.get(f"/admin/aiicp/conversation/{talk.pk}/change/").status_code == 404
    assert "We want to buy" not in browser.get("/admin/aiicp/message/").content.decode()
    seen = admin_of(owner).get(f"/admin/aiicp/conversation/{talk.pk}/change/").content.decode()
    assert "We want to buy Solvang." in seen


def test_a_profile_does_not_tell_the_title_of_the_conversation_it_came_from(tenant, talk, member, viewer, admin_of):
    row = profile(tenant, member, source_conversation=talk)
    page = admin_of(viewer).get(f"/admin/aiicp/icpprofile/{row.pk}/change/")
    assert page.status_code == 200
    assert talk.title not in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_activity_feed_tells_of_no_conversation(tenant, member, viewer, api):
    started = api(member).post(CONVERSATIONS, {"title": "The takeover of Solvang"}, format="json").json()
    api(member).patch(f"{CONVERSATIONS}{started['id']}/", {"title": "Solvang"}, format="json")
    api(member).post(f"{CONVERSATIONS}{started['id']}/archive/")
    saved = api(member).post(PROFILES, {"name": "Retail", "icp_data": {"roles": ["CFO"]}}, format="json")
    assert saved.status_code == 201, saved.content
    drain()
    told = api(viewer).get("/api/v1/activity/").json()["results"]
    assert [entry["subject_label"] for entry in told] == ["Retail"]
