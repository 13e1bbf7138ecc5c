"""Signing in with accounts of outside issuers, verified against the keys they publish."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts import tokens
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.providers import issuers
from tenants.teams.models import Membership, Role, Tenant
from tenants.teams.services import invitations
from tenants.teams.tokens import invitation_token
from tests.factories.tenants import UserFactory
from tests.support.serving import serving
from tests.tenants.helpers import events, fresh, problem

SIGN_IN = "/api/v1/auth/external/"
LINK = "/api/v1/auth/external/link/"
CLIENT = "1234.apps.googleusercontent.com"
APP = "https://app.lad.example"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """The key of that name, made once: making one takes longer than most tests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """A sign-in provider with a real JWKS endpoint: makes keys, publishes them, signs tokens."""

    def __init__(self) -> None:
        self.fetches = 0
        self.status = 200
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.rotate("first")
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetches += 1
                body = json.dumps({"keys": provider.published()}).encode()
                self.send_response(provider.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def rotate(self, key_id: str) -> None:
        """Publish and sign with a new key only."""
        self.key_id = key_id
        self.keys = {key_id: private_key(key_id)}

    def published(self) -> list[dict[str, Any]]:
        made = jwt.algorithms.RSAAlgorithm.to_jwk
        return [
            {**json.loads(made(key.public_key())), "kid": key_id, "use": "sig", "alg": "RS256"}
            for key_id, key in self.keys.items()
        ]

    def public_pem(self) -> bytes:
        return (
            self.keys[self.key_id]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )

    def token(self, *, algorithm: str = "RS256", key: Any = None, kid: str | None = "own", **changes: Any) -> str:
        now = int(timezone.now().timestamp())
        claims = {
            "iss": "https://clerk.lad.example",
            "sub": "user_1",
            "azp": APP,
            "iat": now,
            "nbf": now,
            "exp": now + 60,
            "email": "Grace@Example.com",
            "email_verified": True,
            "given_name": "Grace",
            "family_name": "Hopper",
            **changes,
        }
        for name, value in changes.items():
            if isinstance(value, timedelta):
                claims[name] = now + int(value.total_seconds())
        claims = {name: value for name, value in claims.items() if value is not None}
        headers = {} if kid is None else {"kid": self.key_id if kid == "own" else kid}
        return jwt.encode(claims, key or self.keys[self.key_id], algorithm=algorithm, headers=headers)

    def google(self, **changes: Any) -> str:
        return self.token(**{"iss": "https://accounts.google.com", "aud": CLIENT, "azp": CLIENT, **changes})


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    provider = Provider()
    monkeypatch.setattr(issuers, "_keys", {})
    with serving(provider.server) as address:
        settings.EXTERNAL_ISSUERS = {
            "clerk": {
                "issuer": "https://clerk.lad.example",
                "jwks_url": f"{address}/clerk",
                "authorized_parties": [APP],
            },
            "google": {
                "issuer": ["https://accounts.google.com", "accounts.google.com"],
                "jwks_url": f"{address}/google",
                "audience": CLIENT,
            },
        }
        yield provider


@pytest.fixture
def sign_in(api, db):
    return lambda token, **more: api().post(SIGN_IN, {"token": token, **more}, format="json")


def identities(user: User) -> list[tuple[str, str]]:
    with platform_context():
        found = UserIdentity.objects.filter(user=user).order_by("provider")
        return list(found.values_list("provider", "provider_user_id"))


def test_somebody_new_gets_an_account_and_a_tenant(provider, sign_in, api):
    response = sign_in(provider.token(), tenant_name="Hopper Sales")
    assert response.status_code == 201, response.content
    with platform_context():
        user = User.objects.get(email="grace@example.com")
        assert Membership.objects.get(user=user).role == Role.OWNER
        assert Tenant.objects.get().name == "Hopper Sales"
    assert (user.first_name, user.last_name, user.email_verified, user.password) == ("Grace", "Hopper", True, None)
    assert identities(user) == [("clerk", "user_1")]
    assert len(events("tenants.user.identity_linked")) == 1
    bearer = {"Authorization": f"Bearer {response.json()['access_token']}"}
    assert api().get("/api/v1/me/", headers=bearer).status_code == 200


def test_coming_back_is_the_same_person_whatever_the_address_says_now(provider, sign_in):
    first = sign_in(provider.token()).json()
    second = sign_in(provider.token(email="other@example.com", email_verified=False))
    assert second.status_code == 200
    assert second.json()["user"]["id"] == first["user"]["id"]


def test_somebody_new_may_come_with_an_invitation_instead_of_opening_a_tenant(tenant, admin, provider, sign_in):
    with tenant_context(tenant.pk, user_id=admin.pk):
        invitation = invitations.create(email="grace@example.com", actor=admin)
    response = sign_in(provider.token(), invitation_token=invitation_token(invitation))
    assert response.status_code == 201, response.content
    assert response.json()["tenant_id"] == str(tenant.pk)


def test_an_invitation_that_is_no_good_leaves_no_account_behind(provider, sign_in):
    assert problem(sign_in(provider.token(), invitation_token="x")) == (404, "invitation_unavailable")
    with platform_context():
        assert not User.objects.exists()


def test_a_google_token_is_good_too(provider, sign_in):
    assert sign_in(provider.google()).status_code == 201
    assert sign_in(provider.google(iss="accounts.google.com")).status_code == 200


def test_an_account_whose_address_is_proven_on_both_sides_is_linked(owner, provider, sign_in):
    response = sign_in(provider.token(email=owner.email))
    assert response.status_code == 200, response.content
    assert response.json()["user"]["id"] == str(owner.pk)
    assert identities(owner) == [("clerk", "user_1")]


def test_an_account_whose_address_is_not_proven_here_is_not_taken_over(owner, provider, sign_in):
    with platform_context():
        User.objects.filter(pk=owner.pk).update(email_verified=False)
    assert problem(sign_in(provider.token(email=owner.email))) == (409, "link_required")
    assert identities(owner) == []


@pytest.mark.parametrize("verified", [False, None, "false", "yes", 1.5])
def test_an_address_the_provider_has_not_verified_brings_nobody_in(owner, provider, sign_in, verified):
    for email in (owner.email, "new@example.com"):
        response = sign_in(provider.token(email=email, email_verified=verified))
        assert problem(response) == (403, "external_email_unverified")
    assert identities(owner) == []


def test_a_token_without_an_address_brings_nobody_new_in(provider, sign_in):
    assert problem(sign_in(provider.token(email=None))) == (403, "external_email_unverified")


def test_a_closed_account_stays_closed(owner, provider, sign_in):
    sign_in(provider.token(email=owner.email))
    with platform_context():
        User.objects.filter(pk=owner.pk).update(is_active=False)
    assert problem(sign_in(provider.token(email=owner.email))) == (401, "external_token_refused")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"azp": "https://evil.example"},
        {"azp": None},
        {"sub": None},
        {"sub": ""},
        {"exp": timedelta(hours=-1)},
        {"exp": None},
        {"nbf": timedelta(hours=1)},
        {"iat": timedelta(hours=1)},
        {"kid": "unknown"},
        {"kid": None},
    ],
    ids=lambda changes: "-".join(f"{name}={value}" for name, value in changes.items()),
)
def test_a_token_that_is_not_meant_for_here_and_now_is_refused(provider, sign_in, changes):
    assert problem(sign_in(provider.token(**changes))) == (401, "external_token_refused")


@pytest.mark.parametrize("audience", ["another-client", None, ["another", "third"]])
def test_a_token_for_another_application_is_refused(provider, sign_in, audience):
    assert problem(sign_in(provider.google(aud=audience))) == (401, "external_token_refused")


def test_a_google_token_does_not_pass_as_clerk_s(provider, sign_in):
    assert problem(sign_in(provider.google(aud="another", azp=APP))) == (401, "external_token_refused")


def test_a_token_signed_by_somebody_else_is_refused(provider, sign_in):
    stranger = private_key("stranger's")
    assert problem(sign_in(provider.token(key=stranger))) == (401, "external_token_refused")


def test_a_token_without_a_signature_is_refused(provider, sign_in):
    token = jwt.encode(
        jwt.decode(provider.token(), options={"verify_signature": False}),
        "",
        algorithm="none",
        headers={"kid": provider.key_id},
    )
    assert problem(sign_in(token)) == (401, "external_token_refused")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_public_key_does_not_serve_as_a_shared_secret(provider, sign_in, algorithm):
    # What an attacker would do by hand; the library refuses to sign with a PEM as a secret.
    import base64
    import hashlib
    import hmac

    def encoded(part: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")

    claims = jwt.decode(provider.token(), options={"verify_signature": False})
    head = encoded({"alg": algorithm, "typ": "JWT", "kid": provider.key_id}) + b"." + encoded(claims)
    digest = getattr(hashlib, f"sha{algorithm[2:]}")
    signature = base64.urlsafe_b64encode(hmac.new(provider.public_pem(), head, digest).digest()).rstrip(b"=")
    assert problem(sign_in((head + b"." + signature).decode())) == (401, "external_token_refused")


def test_another_rsa_algorithm_than_the_pinned_one_is_refused(provider, sign_in):
    assert problem(sign_in(provider.token(algorithm="RS512"))) == (401, "external_token_refused")


@pytest.mark.parametrize("garbage", ["x", "a.b.c", "é.é.é", "...."])
def test_garbage_is_refused(provider, sign_in, garbage):
    assert problem(sign_in(garbage)) == (401, "external_token_refused")


def test_one_of_our_own_tokens_is_no_outside_token(owner, provider, sign_in):
    assert problem(sign_in(tokens.issue_access_token(user=owner))) == (401, "external_token_refused")


def test_the_keys_are_fetched_once_for_many_tokens(provider, sign_in):
    for _ in range(3):
        sign_in(provider.token())
    assert provider.fetches == 1


def test_a_rotated_key_is_fetched_and_the_old_one_is_dead(provider, sign_in, monkeypatch):
    monkeypatch.setattr(issuers, "UNKNOWN_KEY_COOLDOWN_SECONDS", 0)
    old = provider.token()
    assert sign_in(old).status_code == 201
    provider.rotate("second")
    assert sign_in(provider.token()).status_code == 200
    assert problem(sign_in(old)) == (401, "external_token_refused")


def test_made_up_key_ids_do_not_make_us_call_the_issuer_each_time(provider, sign_in):
    sign_in(provider.token())
    for number in range(5):
        sign_in(provider.token(kid=f"made-up-{number}"))
    assert provider.fetches == 1


@pytest.mark.parametrize("failure", [500, 302, "down", "nonsense"])
def test_an_issuer_that_fails_is_said_to_be_unavailable_and_left_alone_for_a_while(
    provider, sign_in, settings, failure, monkeypatch
):
    if failure == "down":
        settings.EXTERNAL_ISSUERS["clerk"]["jwks_url"] = "http://127.0.0.1:9/jwks"
    elif failure == "nonsense":
        monkeypatch.setattr(provider, "published", lambda: [{"kty": "none of these"}])
    else:
        provider.status = failure
    for _ in range(3):
        assert problem(sign_in(provider.token())) == (503, "issuer_unavailable")
    assert provider.fetches <= 1


def test_the_outside_token_itself_is_accepted_by_the_api_once_linked(tenant, owner, provider, sign_in, api):
    token = provider.token(email=owner.email)

    def me():
        return api().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})

    assert problem(me()) == (401, "external_token_refused")
    sign_in(token)
    assert me().json()["tenant"]["id"] == str(tenant.pk)


def link(api, user, token):
    return api(user).post(LINK, {"token": token}, format="json")


def test_somebody_signed_in_links_an_outside_account_whatever_its_address(owner, provider, sign_in, api):
    token = provider.token(email="private@example.com", email_verified=False)
    assert link(api, owner, token).status_code == 200
    assert link(api, owner, token).status_code == 200
    assert identities(owner) == [("clerk", "user_1")]
    assert sign_in(token).json()["user"]["id"] == str(owner.pk)


def test_an_outside_account_belongs_to_one_person(owner, admin, provider, api):
    link(api, owner, provider.token())
    assert problem(link(api, admin, provider.token())) == (409, "identity_taken")


def test_a_person_has_one_account_per_provider(owner, provider, api):
    link(api, owner, provider.token())
    assert problem(link(api, owner, provider.token(sub="user_2"))) == (409, "provider_linked")
    assert link(api, owner, provider.google(sub="user_2")).status_code == 200


def test_linking_needs_somebody_signed_in(db, provider, api):
    assert problem(link(api, None, provider.token())) == (401, "not_authenticated")


def test_one_sees_and_removes_one_s_own_outside_accounts_only(owner, admin, provider, api):
    link(api, owner, provider.token())
    [shown] = api(owner).get("/api/v1/user-identities/").json()["results"]
    assert shown["provider"] == "clerk"
    assert "access_token" not in shown
    url = f"/api/v1/user-identities/{shown['id']}/"
    assert api(admin).get("/api/v1/user-identities/").json()["results"] == []
    assert api(admin).delete(url).status_code == 404
    assert api(owner).delete(url).status_code == 204
    assert identities(owner) == []


def test_the_last_way_in_is_not_removed(tenant, provider, sign_in, api):
    answer = sign_in(provider.token()).json()
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    [shown] = api().get("/api/v1/user-identities/", headers=bearer).json()["results"]
    response = api().delete(f"/api/v1/user-identities/{shown['id']}/", headers=bearer)
    assert problem(response) == (409, "last_way_in")


@pytest.mark.parametrize("missing", ["issuer", "jwks_url", "authorized_parties"])
def test_an_entry_that_would_accept_too_much_is_refused(settings, missing):
    entry = {"issuer": "https://x.example", "jwks_url": "https://x.example/jwks", "authorized_parties": [APP]}
    del entry[missing]
    settings.EXTERNAL_ISSUERS = {"clerk": entry}
    with pytest.raises(ImproperlyConfigured, match="clerk"):
        issuers.configured()


def test_a_closed_user_s_identity_does_not_resolve(owner, provider, sign_in, api):
    with platform_context():
        UserFactory.create(email="grace@example.com")
    token = provider.token()
    sign_in(token)
    with platform_context():
        user = User.objects.get(email="grace@example.com")
        User.objects.filter(pk=user.pk).update(deleted_at=timezone.now())
    assert fresh(user).deleted_at is not None
    response = api().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})
    assert problem(response) == (401, "account_closed")
