"""Passkeys: register one, and sign in with one as the second factor. Nothing here uses the network."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from lad.tenancy.context import platform_context
from tenants.accounts.mails import FACTOR_ADDED, queue_notice
from tenants.accounts.models import User
from tenants.two_factor.errors import PasskeyRefused
from tenants.two_factor.models import FactorKind, RecoveryCode, SecondFactor
from tenants.two_factor.services import renew_recovery_codes

MAX_NAME_LENGTH: Final = 100
# The errors that the library raises for a malformed or wrong answer.
REFUSALS: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError)

# Plain data that the browser, or the session, keeps between the two steps.
Json = dict[str, Any]


def are_possible(request: HttpRequest) -> bool:
    """Return whether browsers offer passkeys for this address: a name, over TLS or on this machine."""
    host = _host(request)
    try:
        ip_address(host)
    except ValueError:
        return request.is_secure() or host == "localhost" or host.endswith(".localhost")
    return False


def begin_registration(*, user: User, request: HttpRequest) -> tuple[Json, Json]:
    """Return the options for the browser, and the state to keep for ``register``."""
    entity = PublicKeyCredentialUserEntity(id=user.pk.bytes, name=user.email, display_name=user.full_name)
    options, state = _server(request).register_begin(
        entity,
        [_credential(row) for row in _passkeys(user)],
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options)["publicKey"], state


def register(
    *, user: User, request: HttpRequest, state: Json, answer: Mapping[str, Any], name: str, now: datetime
) -> list[str]:
    """Store the passkey that the browser made. Return recovery codes if the user has none. Raises PasskeyRefused."""
    try:
        made = _server(request).register_complete(state, answer)
    except REFUSALS as error:
        raise PasskeyRefused from error
    assert made.credential_data is not None
    with platform_context(user_id=user.pk):
        SecondFactor.objects.create(
            user=user,
            kind=FactorKind.PASSKEY,
            name=name.strip()[:MAX_NAME_LENGTH] or "Passkey",
            secret=b64encode(bytes(made.credential_data)).decode(),
            counter=made.counter,
            confirmed_at=now,
        )
        queue_notice(user, FACTOR_ADDED)
        has_codes = RecoveryCode.objects.filter(user=user).exists()
        return [] if has_codes else renew_recovery_codes(user=user)


def begin_sign_in(*, user: User, request: HttpRequest) -> tuple[Json, Json] | None:
    """Return the options for the browser and the state to keep for ``check``. None if the user has no passkey."""
    passkeys = _passkeys(user)
    if not passkeys or not are_possible(request):
        return None
    options, state = _server(request).authenticate_begin(
        [_credential(row) for row in passkeys], user_verification=UserVerificationRequirement.PREFERRED
    )
    return dict(options)["publicKey"], state


def check(*, user: User, request: HttpRequest, state: Json, answer: Mapping[str, Any], now: datetime) -> None:
    """Accept the browser's answer to ``begin_sign_in``. Raises PasskeyRefused."""
    passkeys = _passkeys(user)
    try:
        used = _server(request).authenticate_complete(state, [_credential(row) for row in passkeys], answer)
        counter = AuthenticationResponse.from_dict(answer).response.authenticator_data.counter
    except REFUSALS as error:
        raise PasskeyRefused from error
    row = next(each for each in passkeys if _credential(each).credential_id == used.credential_id)
    if counter <= row.counter and (counter or row.counter):
        # A copy of the passkey has signed in the meantime. Many passkeys do not count and always say 0.
        raise PasskeyRefused
    with platform_context(user_id=user.pk):
        SecondFactor.objects.filter(pk=row.pk).update(counter=counter, last_used_at=now)


def _passkeys(user: User) -> list[SecondFactor]:
    with platform_context():
        return list(SecondFactor.objects.filter(user=user.pk, kind=FactorKind.PASSKEY).order_by("created_at"))


def _credential(row: SecondFactor) -> AttestedCredentialData:
    return AttestedCredentialData(b64decode(row.secret))


def _server(request: HttpRequest) -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(id=_host(request), name="LAD"))


def _host(request: HttpRequest) -> str:
    return urlsplit(f"//{request.get_host()}").hostname or ""
