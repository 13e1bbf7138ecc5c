"""Connect an account on the gateway's own page: the link to it, and the gateway's notice that it was used.

The link is for one use. The name that goes with it is signed, and names the tenant, the account and the attempt; the
account remembers the attempt until it is used or has expired.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.network_connecting.attempts import (
    LINK_HOLDS,
    Answer,
    Attempt,
    Waits,
    attempt_of,
    gateway_id,
    network_of,
)
from campaigns.accounts.network_connecting.keeping import keep
from campaigns.gateways.unipile import accounts as gateway
from lad.errors import DomainError
from lad.mail.messages import link
from lad.tenancy.context import platform_context, require_no_scope

SALT: Final = "campaigns.accounts.hosted"
# Somebody who opened the page in time may still be typing when the link expires.
NOTICE_LATE: Final = timedelta(minutes=15)
SUCCEEDED: Final = frozenset({"CREATION_SUCCESS", "RECONNECTED"})
MODELS: Final[dict[str, type[NetworkAccount]]] = {
    model.message_column: model for model in (LinkedinAccount, ChannelAccount)
}


class NoticeRefused(DomainError):
    """This notice belongs to no open attempt: the link was used already, or it has expired."""

    code = "notice_refused"
    status = 404
    title = "Not found"


@dataclass(frozen=True, slots=True)
class _Name:
    """What the signed name says."""

    tenant_id: UUID
    column: str
    account_id: UUID
    key: str


def begin(account: NetworkAccount, *, now: datetime, return_url: str = "") -> Answer:
    """Return a link to the gateway's page, on which the account's owner signs in. Asks the gateway.

    They come back to ``return_url``, or to the account's page of the single-page app.
    """
    require_no_scope("The gateway is asked")
    before = gateway_id(account)
    key = secrets.token_urlsafe(12)
    # A working account would look as if it had been connected again at once.
    known = before if account.status != AccountStatus.ACTIVE else ""
    attempt = Attempt(key, Waits.LINK, now + LINK_HOLDS, account_id=known, again=bool(before))
    name = signing.dumps([str(account.tenant_id), account.message_column, str(account.pk), key], salt=SALT)
    address = gateway.hosted_link(
        network=network_of(account),
        name=name,
        notify_url=f"{settings.PUBLIC_URL.rstrip('/')}{reverse('gateway-notices', args=[name])}",
        return_url=return_url or _own_page(account),
        expires_at=attempt.expires_at,
        account_id=before,
    )
    return Answer(key, begins=True, attempt=attempt, link=address)


def take_notice(name: str, notice: dict[str, Any], *, now: datetime) -> None:
    """Connect the account that the gateway reports for one of LAD's links. Asks the gateway about it.

    Raises NoticeRefused if the name is not LAD's, if the link was used or has expired, or if the gateway does not know
    the account.
    """
    require_no_scope("The gateway is asked")
    named = _read(name)
    if notice.get("name", name) != name or notice.get("status") not in SUCCEEDED:
        raise NoticeRefused
    account = _account(named, now)
    reported = str(notice.get("account_id", ""))
    before = gateway_id(account)
    if not reported or (before and reported != before):
        raise NoticeRefused
    found = gateway.read(reported)
    if found is None:
        raise NoticeRefused
    with platform_context(tenant_id=named.tenant_id):
        keep(account, Answer(named.key, account=found), actor=None, now=now)


def _read(name: str) -> _Name:
    try:
        tenant_id, column, account_id, key = signing.loads(name, salt=SALT, max_age=LINK_HOLDS + NOTICE_LATE)
    except (signing.BadSignature, ValueError) as error:
        raise NoticeRefused from error
    return _Name(UUID(tenant_id), column, UUID(account_id), key)


def _account(named: _Name, now: datetime) -> NetworkAccount:
    with platform_context(tenant_id=named.tenant_id):
        rows = MODELS[named.column].objects.filter(tenant=named.tenant_id)
        account: NetworkAccount | None = rows.filter(pk=named.account_id).first()
    attempt = attempt_of(account) if account is not None else None
    if account is None or attempt is None or attempt.key != named.key or attempt.is_over(now - NOTICE_LATE):
        raise NoticeRefused
    return account


def _own_page(account: NetworkAccount) -> str:
    return link(
        f"/settings/sending-accounts/{account.pk}",
        page=f"{account._meta.app_label}/{account._meta.model_name}/{account.pk}/connecting/",
    )
