"""Signing in, refreshing tokens and signing out."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import RefreshToken, User
from tenants.accounts.services import credentials, sessions
from tenants.teams.models import Membership, Tenant, TenantStatus
from tests.factories.tenants import MembershipFactory, TenantFactory, UserFactory
from tests.support.api import problem
from tests.support.concurrency import run_together
from tests.support.database import stored
from tests.tenants.helpers import PASSWORD, sign_in


def refresh(api, token):
    return api().post("/api/v1/auth/refresh/", {"refresh_token": token}, format="json")


def me(api, access_token):
    return api().get("/api/v1/me/", headers={"Authorization": f"Bearer {access_token}"})


@pytest.mark.parametrize("email", ["owner@acme.test", "Owner@ACME.test", "  owner@acme.test "])
def test_signing_in_accepts_the_address_in_any_case(owner, api, email):
    answer = sign_in(api, email)
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == str(owner.pk)
    assert answer["Cache-Control"] == "no-store"


def test_signing_in_is_recorded(owner, api):
    sign_in(api, owner.email)
    assert stored(owner).last_login is not None


def test_the_refresh_token_is_stored_as_a_hash_only(owner, api):
    token = sign_in(api, owner.email).json()["refresh_token"]
    with platform_context():
        row = RefreshToken.objects.get()
    assert len(row.token_hash) == 64
    assert token not in row.token_hash


@pytest.mark.parametrize("case", ["wrong", "unknown", "inactive", "deleted", "external"])
def test_every_refused_sign_in_reads_the_same(owner, api, case):
    email, password = owner.email, PASSWORD
    with platform_context():
        if case == "inactive":
            User.objects.filter(pk=owner.pk).update(is_active=False)
        if case == "deleted":
            User.objects.filter(pk=owner.pk).update(deleted_at=timezone.now())
        if case == "external":
            User.objects.filter(pk=owner.pk).update(password=None)
    if case == "wrong":
        password = "not the password"
    if case == "unknown":
        email = "nobody@acme.test"
    response = sign_in(api, email, password)
    assert problem(response) == (401, "wrong_credentials")
    assert response.json()["detail"] == credentials.WrongCredentials.default_detail()


def test_a_refused_sign_in_takes_one_hash_whether_or_not_the_account_exists(owner, monkeypatch):
    hashed = []
    encode = MD5PasswordHasher.encode

    def count(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", count)
    for email in ("nobody@acme.test", owner.email):
        with pytest.raises(credentials.WrongCredentials):
            credentials.verify(email=email, password="wrong")
        assert len(hashed) == 1
        hashed.clear()


def test_an_outdated_password_hash_is_replaced_on_sign_in(owner, api, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert sign_in(api, owner.email).status_code == 200
    assert stored(owner).password.startswith("pbkdf2_sha256")
    assert sign_in(api, owner.email).status_code == 200


def test_refreshing_gives_new_tokens_of_the_same_session(owner, api):
    first = sign_in(api, owner.email).json()
    second = refresh(api, first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert me(api, second.json()["access_token"]).status_code == 200


def test_simultaneous_refreshes_with_one_token_are_all_answered(owner, api):
    first = sign_in(api, owner.email).json()
    answers = [refresh(api, first["refresh_token"]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    for answer in answers:
        assert me(api, answer.json()["access_token"]).status_code == 200
        assert refresh(api, answer.json()["refresh_token"]).status_code == 200


def test_a_second_refresh_does_not_prolong_the_grace(owner, api, settings):
    used = sign_in(api, owner.email).json()["refresh_token"]
    start = timezone.now()
    sessions.refresh(refresh_token=used, now=start)
    sessions.refresh(refresh_token=used, now=start + settings.REFRESH_GRACE * 0.9)
    with pytest.raises(sessions.RefreshTokenReused):
        sessions.refresh(refresh_token=used, now=start + settings.REFRESH_GRACE * 1.1)


def test_using_a_refresh_token_twice_ends_its_session_only(owner, api, settings):
    settings.REFRESH_GRACE = timedelta(0)
    stolen = sign_in(api, owner.email).json()
    other = sign_in(api, owner.email).json()
    second = refresh(api, stolen["refresh_token"]).json()
    assert problem(refresh(api, stolen["refresh_token"])) == (401, "refresh_token_reused")
    assert problem(refresh(api, second["refresh_token"])) == (401, "invalid_refresh_token")
    assert problem(me(api, second["access_token"])) == (401, "session_ended")
    assert refresh(api, other["refresh_token"]).status_code == 200


def test_an_expired_refresh_token_is_refused(owner, api):
    token = sign_in(api, owner.email).json()["refresh_token"]
    with platform_context():
        RefreshToken.objects.update(expires_at=timezone.now())
    assert problem(refresh(api, token)) == (401, "invalid_refresh_token")


def test_a_deactivated_user_cannot_refresh(owner, api):
    token = sign_in(api, owner.email).json()["refresh_token"]
    with platform_context():
        User.objects.filter(pk=owner.pk).update(is_active=False)
    assert problem(refresh(api, token)) == (401, "invalid_refresh_token")


def test_signing_out_ends_this_session_at_once(owner, api):
    this, other = (sign_in(api, owner.email).json() for _ in range(2))
    headers = {"Authorization": f"Bearer {this['access_token']}"}
    assert api().post("/api/v1/auth/sign-out/", {}, format="json", headers=headers).status_code == 204
    assert problem(me(api, this["access_token"])) == (401, "session_ended")
    assert problem(refresh(api, this["refresh_token"])) == (401, "invalid_refresh_token")
    assert me(api, other["access_token"]).status_code == 200


def test_signing_out_works_with_the_refresh_token_alone(owner, api):
    this = sign_in(api, owner.email).json()
    body = {"refresh_token": this["refresh_token"]}
    assert api().post("/api/v1/auth/sign-out/", body, format="json").status_code == 204
    assert problem(me(api, this["access_token"])) == (401, "session_ended")


def test_signing_out_everywhere_ends_all_sessions(owner, admin, api):
    sessions_of_owner = [sign_in(api, owner.email).json() for _ in range(3)]
    of_admin = sign_in(api, admin.email).json()
    headers = {"Authorization": f"Bearer {sessions_of_owner[0]['access_token']}"}
    body = {"everywhere": True}
    assert api().post("/api/v1/auth/sign-out/", body, format="json", headers=headers).status_code == 204
    assert {me(api, each["access_token"]).status_code for each in sessions_of_owner} == {401}
    assert me(api, of_admin["access_token"]).status_code == 200


def test_signing_out_needs_a_credential(db, api):
    assert problem(api().post("/api/v1/auth/sign-out/", {}, format="json")) == (401, "not_authenticated")


def test_a_browser_may_keep_the_refresh_token_in_an_httponly_cookie(owner, api):
    client = api()
    body = {"email": owner.email, "password": PASSWORD, "cookie": True}
    answer = client.post("/api/v1/auth/sign-in/", body, format="json")
    assert answer.json()["refresh_token"] is None
    cookie = answer.cookies["lad_refresh"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/api/v1/auth")
    first = cookie.value
    again = client.post("/api/v1/auth/refresh/", {}, format="json")
    assert again.status_code == 200
    assert again.json()["refresh_token"] is None
    assert again.cookies["lad_refresh"].value != first
    client.post("/api/v1/auth/sign-out/", {}, format="json")
    assert problem(client.post("/api/v1/auth/refresh/", {}, format="json")) == (401, "invalid_refresh_token")


def test_a_session_starts_in_the_primary_tenant_if_open_or_else_in_another(tenant, owner, api):
    with platform_context():
        open_tenant = TenantFactory.create(name="Zeta")
    with platform_context(tenant_id=open_tenant.pk):
        MembershipFactory.create(user=owner)
    assert sign_in(api, owner.email).json()["tenant_id"] == str(tenant.pk)
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.SUSPENDED)
    assert sign_in(api, owner.email).json()["tenant_id"] == str(open_tenant.pk)


def test_a_user_without_a_tenant_can_sign_in_and_sees_their_profile_only(db, api):
    with platform_context():
        UserFactory.create(email="alone@example.com")
    answer = sign_in(api, "alone@example.com").json()
    assert answer["tenant_id"] is None
    seen = me(api, answer["access_token"])
    assert (seen.status_code, seen.json()["tenant"], seen.json()["memberships"]) == (200, None, [])
    assert seen.json()["closed"]["code"] == "no_membership"
    response = api().get("/api/v1/memberships/", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert problem(response) == (403, "no_membership")


def test_a_removed_member_s_session_moves_to_another_of_their_tenants(tenant, other_tenant, member, api):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=member)
    token = sign_in(api, member.email).json()["refresh_token"]
    with platform_context():
        Membership.objects.filter(user=member, tenant=tenant).update(deleted_at=timezone.now())
    assert refresh(api, token).json()["tenant_id"] == str(other_tenant.pk)


def test_clean_up_deletes_expired_tokens_only(owner):
    now = timezone.now()
    sessions.start(user=owner, now=now - timedelta(days=60))
    sessions.start(user=owner, now=now)
    assert sessions.clean_up(now=now) == 1
    with platform_context():
        assert RefreshToken.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("grace", [10, 0])
def test_two_simultaneous_refreshes_are_both_answered_within_the_grace(settings, grace):
    settings.REFRESH_GRACE = timedelta(seconds=grace)
    with platform_context():
        user = UserFactory.create()
    token = sessions.start(user=user).refresh_token
    results = run_together(*[lambda: sessions.refresh(refresh_token=token)] * 2)
    second = "SignedIn" if grace else "RefreshTokenReused"
    assert sorted(type(result).__name__ for result in results) == sorted(["SignedIn", second])
    with platform_context():
        assert RefreshToken.objects.filter(revoked_at=None).exists() is bool(grace)
