"""The sandbox's OAuth issuer: authorization code with PKCE, renewal, revocation, and mailboxes opened by tokens."""

import hashlib
import smtplib
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from tests.support.sandbox import OAUTH_CLIENT, Sandbox

SENDER = "maya@kestrel.example"
TARGET = "http://127.0.0.1:8000/oauth/return/"
VERIFIER = "a-verifier-that-is-long-enough-for-the-specification"
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = {
    "google": "openid email https://mail.google.com/",
    "microsoft": "openid email offline_access https://outlook.office.com/SMTP.Send"
    " https://outlook.office.com/IMAP.AccessAsUser.All",
}
BOTH = pytest.mark.parametrize("provider", ["google", "microsoft"])


def authorize_url(sandbox: Sandbox, provider: str, **changes: str) -> str:
    parameters = {
        "client_id": OAUTH_CLIENT["client_id"],
        "redirect_uri": TARGET,
        "response_type": "code",
        "scope": SCOPES[provider],
        "state": "a state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "access_type": "offline",
        **changes,
    }
    return f"{sandbox.oauth(provider)['authorize_url']}?{urlencode(parameters)}"


def code_for(sandbox: Sandbox, provider: str) -> str:
    answer = parse_qs(urlsplit(sandbox.consent(authorize_url(sandbox, provider), SENDER)).query)
    assert answer["state"] == ["a state"]
    return answer["code"][0]


def ask(sandbox: Sandbox, provider: str, **form: str) -> tuple[int, dict[str, Any]]:
    response = sandbox.client.post(sandbox.oauth(provider)["token_url"], data={**OAUTH_CLIENT, **form})
    return response.status_code, response.json()


def exchange(sandbox: Sandbox, provider: str, granted: str, **changes: str) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": "authorization_code", "code": granted, "redirect_uri": TARGET, "code_verifier": VERIFIER}
    return ask(sandbox, provider, **form | changes)


@pytest.fixture
def mailbox(sandbox: Sandbox) -> None:
    sandbox.mailbox(SENDER)


def opens(sandbox: Sandbox, token: str) -> list[bool]:
    """Return whether the token opens SMTP and IMAP."""
    answer = b64encode(f"user={SENDER}\x01auth=Bearer {token}\x01\x01".encode()).decode()
    with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
        client.ehlo()
        code, _challenge = client.docmd("AUTH", f"XOAUTH2 {answer}")
        by_smtp = (client.docmd("")[0] if code == 334 else code) == 235
    with IMAPClient(*sandbox.imap, ssl=False, timeout=10) as reader:
        try:
            reader.oauth2_login(SENDER, token)
        except LoginError:
            return [by_smtp, False]
    return [by_smtp, True]


@BOTH
def test_a_code_is_exchanged_for_tokens_that_open_the_mailbox(sandbox: Sandbox, mailbox: None, provider: str) -> None:
    status, tokens = exchange(sandbox, provider, code_for(sandbox, provider))
    assert status == 200
    assert opens(sandbox, tokens["access_token"]) == [True, True]
    claims = jwt.decode(
        tokens["id_token"],
        OAUTH_CLIENT["client_secret"],
        ["HS256"],
        audience=OAUTH_CLIENT["client_id"],
        issuer=sandbox.url + f"/oauth/{provider}",
        options={"verify_iat": False, "verify_exp": False},
    )
    assert claims["email"] == SENDER
    found = sandbox.client.get(f"{sandbox.url}/oauth/{provider}/.well-known/openid-configuration").json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert sandbox.client.get(found["userinfo_endpoint"], headers=headers).json()["email"] == SENDER


@BOTH
def test_access_ends_and_is_renewed(sandbox: Sandbox, mailbox: None, provider: str) -> None:
    _, tokens = exchange(sandbox, provider, code_for(sandbox, provider))
    sandbox.advance(seconds=tokens["expires_in"] + 1)
    assert opens(sandbox, tokens["access_token"]) == [False, False]
    renewal = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    status, renewed = ask(sandbox, provider, **renewal)
    assert status == 200
    assert opens(sandbox, renewed["access_token"]) == [True, True]
    # Microsoft replaces the refresh token, Google keeps it.
    assert ask(sandbox, provider, **renewal)[0] == (400 if provider == "microsoft" else 200)


@BOTH
def test_withdrawn_access_is_an_invalid_grant(sandbox: Sandbox, mailbox: None, provider: str) -> None:
    _, tokens = exchange(sandbox, provider, code_for(sandbox, provider))
    sandbox.revoke(SENDER)
    assert opens(sandbox, tokens["access_token"]) == [False, False]
    status, answer = ask(sandbox, provider, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (status, answer["error"]) == (400, "invalid_grant")
    assert ("AADSTS" in answer["error_description"]) is (provider == "microsoft")


def test_google_revokes_a_token_on_request(sandbox: Sandbox, mailbox: None) -> None:
    _, tokens = exchange(sandbox, "google", code_for(sandbox, "google"))
    address = f"{sandbox.url}/oauth/google/revoke"
    assert sandbox.client.post(address, data={"token": tokens["refresh_token"]}).status_code == 200
    assert opens(sandbox, tokens["access_token"]) == [False, False]
    assert sandbox.client.post(address, data={"token": tokens["refresh_token"]}).status_code == 400


def test_a_code_works_once_and_its_second_use_takes_the_tokens_back(sandbox: Sandbox, mailbox: None) -> None:
    code = code_for(sandbox, "google")
    _, tokens = exchange(sandbox, "google", code)
    assert exchange(sandbox, "google", code)[1]["error"] == "invalid_grant"
    assert opens(sandbox, tokens["access_token"]) == [False, False]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "another"}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1/another/"}, "invalid_grant"),
        ({"code": "nonsense"}, "invalid_grant"),
        ({"client_secret": "another"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_what_does_not_fit_is_refused(sandbox: Sandbox, mailbox: None, changes: dict[str, str], error: str) -> None:
    assert exchange(sandbox, "google", code_for(sandbox, "google"), **changes)[1]["error"] == error


def test_a_token_without_the_scope_opens_nothing(sandbox: Sandbox, mailbox: None) -> None:
    location = sandbox.consent(authorize_url(sandbox, "google", scope="openid email"), SENDER)
    _, tokens = exchange(sandbox, "google", parse_qs(urlsplit(location).query)["code"][0])
    assert opens(sandbox, tokens["access_token"]) == [False, False]


def test_the_page_offers_the_mailboxes_and_a_way_out(sandbox: Sandbox, mailbox: None) -> None:
    page = sandbox.client.get(authorize_url(sandbox, "google", login_hint=SENDER)).text
    assert SENDER in page
    refused = sandbox.client.get(authorize_url(sandbox, "google", refuse="1"))
    assert parse_qs(urlsplit(refused.headers["Location"]).query)["error"] == ["access_denied"]
    assert sandbox.client.get(authorize_url(sandbox, "google", client_id="another")).status_code == 401
