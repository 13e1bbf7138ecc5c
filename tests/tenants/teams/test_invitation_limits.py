"""Invitations are no open relay: a verified sender, a limit per tenant and per address, and plain names."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.accounts.services import passwords, sign_up
from tenants.teams.models import Membership, Tenant, TenantInvitation
from tenants.teams.services import invitations
from tenants.teams.tokens import invitation_token
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events
from tests.tenants.helpers import PASSWORD

URL = "/api/v1/tenant-invitations/"
SIGN_UP = {"email": "eve@example.com", "password": PASSWORD, "first_name": "Eve", "tenant_name": "Eve's"}


def invite(api, actor, email="grace@example.com", **more):
    return api(actor).post(URL, {"email": email, **more}, format="json")


def unverified(user):
    with platform_context():
        User.objects.filter(pk=user.pk).update(email_verified=False)


def test_somebody_who_signed_up_confirms_the_address_before_inviting(api, db):
    session = api().post("/api/v1/auth/sign-up/", SIGN_UP, format="json").json()
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {session['access_token']}")
    for number in range(60):
        answer = client.post(URL, {"email": f"victim{number}@example.com"}, format="json")
        assert problem(answer) == (403, "email_unverified")
    assert events("tenants.invitation.created") == []
    with platform_context():
        User.objects.update(email_verified=True)
    assert client.post(URL, {"email": "friend@example.com"}, format="json").status_code == 201


def test_an_unverified_member_resends_nothing(tenant, admin, api):
    key = invite(api, admin).json()["id"]
    unverified(admin)
    assert problem(api(admin).post(f"{URL}{key}/resend/")) == (403, "email_unverified")
    assert events("tenants.invitation.resent") == []


def test_an_unverified_member_invites_nobody_in_the_admin_either(admin_of, admin):
    unverified(admin)
    browser = admin_of(admin)
    page = browser.post("/admin/tenants/tenantinvitation/add/", {"email": "grace@example.com", "role": "member"})
    assert "Confirm your e-mail address first" in page.content.decode()
    with platform_context():
        assert not TenantInvitation.objects.exists()


def test_a_tenant_mails_a_limited_number_of_invitations(tenant, admin, other_owner, api, settings):
    settings.INVITATIONS_PER_DAY = 3
    keys = [invite(api, admin, f"guest{number}@example.com").json()["id"] for number in range(2)]
    assert api(admin).post(f"{URL}{keys[0]}/resend/").status_code == 200
    refused = invite(api, admin, "another@example.com")
    assert problem(refused) == (429, "too_many_invitations")
    assert 0 < int(refused["Retry-After"]) <= 8 * 3600
    assert problem(api(admin).post(f"{URL}{keys[1]}/resend/")) == (429, "too_many_invitations")
    with platform_context():
        assert TenantInvitation.objects.filter(tenant=tenant).count() == 2
    assert invite(api, other_owner, "another@example.com").status_code == 201


def test_an_address_gets_a_limited_number_of_invitations_from_all_tenants(tenant, admin, other_owner, api, settings):
    settings.INVITATIONS_PER_ADDRESS_PER_DAY = 3
    key = invite(api, admin).json()["id"]
    assert api(admin).post(f"{URL}{key}/resend/").status_code == 200
    assert invite(api, other_owner, "Grace@Example.com").status_code == 201
    assert problem(api(admin).post(f"{URL}{key}/resend/")) == (429, "too_many_invitations")
    assert invite(api, admin, "somebody@example.com").status_code == 201


def test_invitations_are_possible_again_in_the_course_of_the_day(tenant, admin, settings):
    settings.INVITATIONS_PER_DAY = 4
    now = timezone.now()

    def sent(count, at):
        done = 0
        for number in range(count):
            try:
                with tenant_context(tenant.pk, user_id=admin.pk):
                    invitations.create(email=f"guest{at:%H%M}-{number}@example.com", actor=admin, now=at)
            except invitations.TooManyInvitations:
                continue
            done += 1
        return done

    assert sent(6, now) == 4
    assert sent(6, now + timedelta(hours=6)) == 1
    assert sent(6, now + timedelta(hours=31)) == 4


def test_a_refused_invitation_does_not_count(tenant, admin, member, api, settings):
    settings.INVITATIONS_PER_DAY = 1
    for _ in range(3):
        assert problem(invite(api, admin, member.email)) == (409, "already_member")
    assert invite(api, admin).status_code == 201


@pytest.mark.parametrize("field", ["first_name", "last_name", "tenant_name"])
@pytest.mark.parametrize("name", ["Win at evil.com", "http://evil", "Eve\nBcc: all@x", "\u202eeve"])
def test_nobody_signs_up_with_a_link_or_a_line_break_in_a_name(api, db, field, name):
    answer = api().post("/api/v1/auth/sign-up/", {**SIGN_UP, field: name}, format="json")
    assert problem(answer) == (400, "invalid")
    assert answer.json()["errors"][field]
    with platform_context():
        assert not Tenant.objects.exists()
        assert not User.objects.exists()


def test_the_address_of_a_sign_up_does_not_become_a_link_in_the_tenant_s_name(db):
    request = sign_up.SignUpRequest(email="www.evil.com@example.com", first_name="")
    sign_up.sign_up(request=request, password=PASSWORD)
    with platform_context():
        assert Tenant.objects.get().name == "My Organization"


def test_names_stay_plain_when_they_change(tenant, owner, admin, api):
    assert problem(api(owner).patch("/api/v1/me/", {"first_name": "evil.com"}, format="json")) == (400, "invalid")
    renamed = api(owner).patch(f"/api/v1/tenants/{tenant.pk}/", {"name": "See www.evil.com"}, format="json")
    assert problem(renamed) == (400, "invalid")
    assert problem(invite(api, admin, message="See evil.com")) == (400, "invalid")
    assert invite(api, admin, message="Do join us.\nAda").status_code == 201


def test_an_invited_person_s_name_is_plain_too(tenant, admin, api):
    row = stored(TenantInvitation(pk=invite(api, admin).json()["id"]))
    body = {"token": invitation_token(row), "password": PASSWORD, "first_name": "evil.com"}
    answer = api().post("/api/v1/invitations/accept/", body, format="json")
    assert problem(answer) == (400, "invalid")
    with platform_context():
        assert Membership.objects.filter(tenant=tenant).count() == 1


def test_the_verification_mail_is_not_sent_again_and_again(api, db):
    session = api().post("/api/v1/auth/sign-up/", SIGN_UP, format="json").json()
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {session['access_token']}")
    answers = [client.post("/api/v1/auth/verify-email/resend/").status_code for _ in range(5)]
    assert answers == [204, 204, 204, 429, 429]
    assert len(events("tenants.user.verification_requested")) == 3


def test_reset_mails_are_limited_and_a_mailbox_always_holds_a_link_that_works(owner, api):
    now = timezone.now()
    for minute in range(60):
        passwords.request_reset(email=owner.email, now=now + timedelta(minutes=minute, seconds=1))
    # Three at once, and one more every twenty minutes. Each link works for an hour.
    assert len(events("tenants.user.password_reset_requested")) == 5
