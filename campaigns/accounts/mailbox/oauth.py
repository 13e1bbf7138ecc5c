"""Sign in to mailboxes with OAuth 2.0: the authorization code with PKCE, and tokens that are renewed in time."""

import json
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import jwt
from django.conf import settings
from django.utils import timezone

from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.mailbox.known import PROVIDERS
from campaigns.accounts.models import EmailAccount, EmailSignIn
from lad.errors import Conflict
from lad.tenancy.context import require_no_scope, tenant_context

# Renewed so long before it ends that no connection signs in with a token about to end.
RENEW_BEFORE: Final = timedelta(minutes=5)
DEFAULT_LIFETIME: Final = timedelta(minutes=55)
TIMEOUT_SECONDS: Final = 10
MAX_ANSWER_BYTES: Final = 100_000
# Longer than an issuer is waited for.
LEASE: Final = timedelta(seconds=30)
LOOK_AGAIN_SECONDS: Final = 0.2
# A token that ends later than this is used while another worker renews it.
STILL_VALID: Final = timedelta(seconds=30)
STATE_LIFETIME: Final = timedelta(minutes=15)
# What issuers answer once the user or an administrator took the permission back.
_REVOKED: Final = ("invalid_grant", "interaction_required", "consent_required", "unauthorized_client")
NAMES: Final = {EmailSignIn.GOOGLE: "Google", EmailSignIn.MICROSOFT: "Microsoft"}


class OAuthNotSetUp(Conflict):
    """LAD is not registered with this provider. Ask LAD's staff to set it up, or sign in with a password."""

    code = "oauth_not_set_up"


class OAuthRefused(Conflict):
    """The mailbox was not connected. Start again."""

    code = "oauth_refused"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to connect, kept in the user's session: whoever returns without it connects nothing."""

    provider: str
    state: str
    verifier: str = field(repr=False)
    tenant_id: str
    account_id: str
    began_at: str

    def as_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def is_over(self) -> bool:
        return timezone.now() - datetime.fromisoformat(self.began_at) > STATE_LIFETIME


@dataclass(frozen=True, slots=True)
class Tokens:
    """The grant of an issuer. ``email`` is the mailbox that was chosen, empty if the issuer did not say."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime
    email: str = ""


def is_set_up(provider: str) -> bool:
    """Return whether LAD is registered with the provider."""
    return bool(settings.MAIL_OAUTH.get(provider, {}).get("client_id"))


def begin(
    *, provider: str, redirect_uri: str, tenant_id: UUID, account_id: UUID | None, email: str
) -> tuple[str, Attempt]:
    """Return the address to send the user to, and what to keep in their session. Raises OAuthNotSetUp."""
    client = _client(provider)
    verifier = token_urlsafe(64)
    attempt = Attempt(
        provider, token_urlsafe(32), verifier, str(tenant_id), str(account_id or ""), timezone.now().isoformat()
    )
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    parameters = {
        "client_id": client["client_id"],
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": client["scope"],
        "state": attempt.state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        # Without these Google grants no token that can be renewed.
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": email,
    }
    return f"{client['authorize_url']}?{urlencode(parameters)}", attempt


def exchange(*, attempt: Attempt, code: str, redirect_uri: str) -> Tokens:
    """Return the tokens for a code. Asks the issuer. Raises OAuthRefused or MailboxError."""
    client = _client(attempt.provider)
    answer = _ask(
        client,
        grant_type="authorization_code",
        code=code,
        redirect_uri=redirect_uri,
        code_verifier=attempt.verifier,
    )
    tokens = _tokens(answer)
    if not tokens.refresh:
        raise OAuthRefused("The provider granted no lasting access. Start again and agree to all it asks for.")
    return tokens


def access_token(account: EmailAccount) -> str:
    """Return a token that is valid for a while, renewed if it ends soon; empty for an account with a password.

    Two workers do not renew at once: issuers that rotate tokens would revoke them. Asks the issuer outside any
    transaction. Raises MailboxError.
    """
    if account.sign_in == EmailSignIn.PASSWORD:
        return ""
    if account.access_token and not _ends_soon(account):
        return account.access_token
    require_no_scope("A token is renewed")
    deadline = time.monotonic() + LEASE.total_seconds()
    while (lease := _claim_renewal(account)) is None and not _is_valid(account):
        if time.monotonic() > deadline:
            raise MailboxError(Problem.UNREACHABLE, "Another worker renews the access to the mailbox. LAD tries again.")
        time.sleep(LOOK_AGAIN_SECONDS)
    if lease is not None:
        _renew(account, lease)
    return account.access_token


def servers_of(provider: str) -> dict[str, Any]:
    """Return the provider's mail servers as values of an account."""
    known = next(each for each in PROVIDERS if each.name == NAMES[EmailSignIn(provider)])
    client = settings.MAIL_OAUTH[provider]
    smtp, imap = client.get("smtp") or known.smtp, client.get("imap") or known.imap
    return {
        "smtp_host": smtp[0],
        "smtp_port": smtp[1],
        "imap_host": imap[0],
        "imap_port": imap[1],
        "saves_sent": known.saves_sent,
    }


def _claim_renewal(account: EmailAccount) -> datetime | None:
    """Take the lease to renew the token, and return when it ends. Read the tokens that hold now.

    Return None if there is nothing to renew any more, or if another worker renews it.
    """
    with tenant_context(account.tenant_id):
        row = EmailAccount.all_objects.select_for_update(no_key=True).get(pk=account.pk)
        account.access_token, account.refresh_token = row.access_token, row.refresh_token
        account.token_expires_at = row.token_expires_at
        now = timezone.now()
        is_leased = row.token_lease_until is not None and row.token_lease_until > now
        if is_leased or (row.access_token and not _ends_soon(row)):
            return None
        lease = now + LEASE
        EmailAccount.all_objects.filter(pk=row.pk).update(token_lease_until=lease)
        return lease


def _is_valid(account: EmailAccount) -> bool:
    """Return whether the token can still be used, perhaps for a short time only."""
    ends = account.token_expires_at
    return bool(account.access_token) and ends is not None and ends - timezone.now() > STILL_VALID


def _ends_soon(account: EmailAccount) -> bool:
    return account.token_expires_at is None or account.token_expires_at - timezone.now() < RENEW_BEFORE


def _renew(account: EmailAccount, lease: datetime) -> None:
    """Ask the issuer for a new token and keep it, unless the account was connected anew meanwhile. End the lease."""
    values: dict[str, Any] = {}
    try:
        values = _renewed(account)
    finally:
        with tenant_context(account.tenant_id):
            rows = EmailAccount.all_objects.filter(pk=account.pk, token_lease_until=lease)
            rows.update(token_lease_until=None, **values)
    for field_name, value in values.items():
        setattr(account, field_name, value)


def _renewed(account: EmailAccount) -> dict[str, Any]:
    name = NAMES[EmailSignIn(account.sign_in)]
    again = f"Open the account and connect it with {name} again."
    if not account.refresh_token:
        raise MailboxError(Problem.REVOKED, f"The account is not connected with {name}. {again}")
    try:
        answer = _ask(_client(account.sign_in), grant_type="refresh_token", refresh_token=account.refresh_token)
    except OAuthRefused as error:
        raise MailboxError(Problem.REVOKED, f"{name} withdrew LAD's access to the mailbox. {again}") from error
    tokens = _tokens(answer)
    return {
        "access_token": tokens.access,
        "token_expires_at": tokens.expires_at,
        # An issuer may replace the token with each use.
        "refresh_token": tokens.refresh or account.refresh_token,
    }


def _client(provider: str) -> Mapping[str, Any]:
    if not is_set_up(provider):
        raise OAuthNotSetUp
    client: Mapping[str, Any] = settings.MAIL_OAUTH[provider]
    return client


def _ask(client: Mapping[str, Any], **parameters: str) -> Mapping[str, Any]:
    """Ask the issuer for tokens. Raises OAuthRefused, or MailboxError if it does not answer."""
    form = {"client_id": client["client_id"], "client_secret": client["client_secret"], **parameters}
    request = urllib.request.Request(client["token_url"], urlencode(form).encode())  # noqa: S310  (from the settings)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            return _object(response.read(MAX_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        answer = _object(error.read(MAX_ANSWER_BYTES))
        if answer.get("error") in _REVOKED or answer.get("error") == "access_denied":
            raise OAuthRefused(f"The provider refused: {str(answer.get('error_description', ''))[:200]}") from error
        text = f"The sign-in provider answered with an error ({error.code}). LAD tries again."
        raise MailboxError(Problem.UNREACHABLE, text) from error
    except OSError as error:
        raise MailboxError(Problem.UNREACHABLE, "The sign-in provider does not answer. LAD tries again.") from error


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    access = answer.get("access_token")
    if not isinstance(access, str) or not access:
        raise MailboxError(Problem.UNREACHABLE, "The sign-in provider sent no token. LAD tries again.")
    seconds = answer.get("expires_in")
    lifetime = timedelta(seconds=seconds) if isinstance(seconds, int) and seconds > 0 else DEFAULT_LIFETIME
    refresh = answer.get("refresh_token")
    refresh = refresh if isinstance(refresh, str) else ""
    return Tokens(access, refresh, timezone.now() + lifetime, _email(answer))


def _email(answer: Mapping[str, Any]) -> str:
    """Return the address of the chosen mailbox. The token came straight from the issuer, so nobody forged it."""
    try:
        claims = jwt.decode(str(answer.get("id_token", "")), options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return ""
    email = claims.get("email") or claims.get("preferred_username") or ""
    return str(email).lower()
