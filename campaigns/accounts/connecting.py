"""Connect a mailbox with Google or Microsoft."""

from hmac import compare_digest

from django.db import transaction

from campaigns.accounts.mailbox import oauth
from campaigns.accounts.mailbox.oauth import Attempt, OAuthRefused, Tokens
from campaigns.accounts.models import EmailAccount, EmailAccountStatus, EmailSignIn
from campaigns.accounts.services import keep_status
from lad import writes
from lad.outbox.emission import emit
from lad.tenancy.context import require_no_scope
from lad.types import Actor

OTHER_ATTEMPT = "This page belongs to another attempt, or the attempt has expired. Open the account and start again."


def begin(*, account: EmailAccount, provider: EmailSignIn, redirect_uri: str) -> tuple[str, Attempt]:
    """Return the provider's page to send the user to, and the attempt to keep for the user's return.

    Raises OAuthNotSetUp.
    """
    return oauth.begin(
        provider=provider,
        redirect_uri=redirect_uri,
        tenant_id=account.tenant_id,
        account_id=account.pk,
        email=account.email,
    )


def tokens_for(*, attempt: Attempt | None, state: str, code: str, redirect_uri: str) -> Tokens:
    """Return what the provider grants to whoever comes back from its page with this state.

    Asks the provider: call it outside any scope. Raises OAuthRefused if the state is not that
    of the attempt, and MailboxError if the provider does not answer.
    """
    require_no_scope("A sign-in provider is asked")
    if attempt is None or attempt.is_over or not compare_digest(attempt.state.encode(), state.encode()):
        raise OAuthRefused(OTHER_ATTEMPT)
    if not code:
        raise OAuthRefused("The provider granted nothing. Start again and agree to what it asks for.")
    return oauth.exchange(attempt=attempt, code=code, redirect_uri=redirect_uri)


@transaction.atomic
def connect(*, account: EmailAccount, provider: EmailSignIn, tokens: Tokens, actor: Actor) -> EmailAccount:
    """Let the account sign in with the tokens, at the provider's servers. Emits an event.

    Raises OAuthRefused if the user chose another mailbox than the account's.
    """
    name = oauth.NAMES[provider]
    if tokens.email and tokens.email != account.email:
        raise OAuthRefused(f"At {name} you chose {tokens.email}. Choose {account.email}, or add another account.")
    servers = oauth.servers_of(provider)
    writes.update(
        account,
        {
            "sign_in": provider,
            **{key: value for key, value in servers.items() if key != "saves_sent"},
            "smtp_password": "",
            "imap_password": "",
        },
        actor=actor,
    )
    values = {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "token_expires_at": tokens.expires_at,
        "saves_sent": servers["saves_sent"],
        "failures": 0,
        "next_send_at": None,
    }
    for key, value in values.items():
        setattr(account, key, value)
    account.save(update_fields=list(values))
    keep_status(account, EmailAccountStatus.UNTESTED, "")
    emit("campaigns.email_account.connected", aggregate=account, payload={"sign_in": provider.value}, actor=actor)
    return account
