"""Set up, check and remove second factors: authenticator apps, passkeys and recovery codes."""

import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

import pyotp
import segno
from django.utils.crypto import constant_time_compare

from lad.errors import NotFound
from lad.tenancy.context import platform_context
from tenants import budgets
from tenants.accounts.mails import FACTOR_ADDED, FACTOR_REMOVED, queue_notice
from tenants.accounts.models import User
from tenants.accounts.services.sign_in_limit import SECOND_FACTOR
from tenants.budgets import BudgetSpent
from tenants.teams.tokens import hash_secret
from tenants.two_factor.errors import AppEnrolled, CodesLocked, WrongCode
from tenants.two_factor.models import FactorKind, RecoveryCode, SecondFactor

ISSUER: Final = "LAD"
APP_NAME: Final = "Authenticator app"
# An app's clock may be one step of thirty seconds early or late.
STEPS_ACCEPTED: Final = (0, -1, 1)
RECOVERY_CODES: Final = 10
# No letters that look like another one. Sixteen of them are 78 bits.
RECOVERY_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
RECOVERY_LENGTH: Final = 16
RECOVERY_GROUP: Final = 4


def has_second_factor(user: User) -> bool:
    """Return whether the user has set up a second factor."""
    with platform_context():
        return bool(SecondFactor.objects.filter(user=user.pk, confirmed_at__isnull=False).exists())


def factors_of(user: User) -> list[SecondFactor]:
    """Return the user's second factors, the oldest first."""
    with platform_context():
        return list(SecondFactor.objects.filter(user=user.pk, confirmed_at__isnull=False).order_by("created_at"))


def unused_recovery_codes(user: User) -> int:
    """Return how many recovery codes the user has left."""
    with platform_context():
        return int(RecoveryCode.objects.filter(user=user.pk, used_at__isnull=True).count())


def begin_app(*, user: User) -> SecondFactor:
    """Return the app that the user is setting up. It counts once its first code is confirmed. Raises AppEnrolled."""
    with platform_context(user_id=user.pk):
        app: SecondFactor
        app, _created = SecondFactor.objects.get_or_create(
            user=user, kind=FactorKind.TOTP, defaults={"name": APP_NAME, "secret": pyotp.random_base32()}
        )
    if app.confirmed_at is not None:
        raise AppEnrolled
    return app


def qr_code(app: SecondFactor) -> str:
    """Return the app's key as a QR code, an SVG that stands in HTML."""
    address = pyotp.TOTP(app.secret).provisioning_uri(name=app.user.email, issuer_name=ISSUER)
    return str(segno.make(address, micro=False).svg_inline(scale=5, border=2, light="#fff"))


def confirm_app(*, user: User, code: str, now: datetime) -> list[str]:
    """Confirm the app with its first code, and return new recovery codes. Raises WrongCode."""
    app = begin_app(user=user)
    step = _step_of(app, code, now)
    if step is None:
        raise WrongCode(
            errors={"code": ["This code is not right. Check the clock of the device, and try the next code."]}
        )
    with platform_context(user_id=user.pk):
        SecondFactor.objects.filter(pk=app.pk).update(confirmed_at=now, last_used_at=now, counter=step)
        queue_notice(user, FACTOR_ADDED)
        return renew_recovery_codes(user=user)


def renew_recovery_codes(*, user: User) -> list[str]:
    """Replace the user's recovery codes and return the new ones, which are never shown again."""
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    with platform_context(user_id=user.pk):
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create([RecoveryCode(user=user, code_hash=_hash(code)) for code in codes])
    return codes


def check_code(*, user: User, code: str, now: datetime) -> None:
    """Accept a code of the user's app, or a recovery code, once. Raises WrongCode or CodesLocked.

    A code counts as wrong until it is accepted, so that simultaneous guesses all count.
    """
    guesses = SECOND_FACTOR.of(subject=user.email)
    try:
        budgets.spend([guesses], now=now)
    except BudgetSpent as error:
        raise CodesLocked(retry_after=error.retry_after) from error
    with platform_context(user_id=user.pk):
        factors = list(
            SecondFactor.objects.select_for_update()
            .filter(user=user, confirmed_at__isnull=False)
            .order_by("created_at", "id")
        )
        app = next((each for each in factors if each.kind == FactorKind.TOTP), None)
        step = _step_of(app, code, now) if app is not None else None
        if app is not None and step is not None:
            SecondFactor.objects.filter(pk=app.pk).update(counter=step, last_used_at=now)
        if step is None and not (factors and _use_recovery_code(user, code, now)):
            raise WrongCode(errors={"code": [WrongCode.default_detail()]})
    budgets.reset(subject=guesses.subject, kinds=[SECOND_FACTOR])


def remove(*, user: User, factor_id: UUID) -> SecondFactor:
    """Remove a second factor, and with the last one the recovery codes. Raises NotFound."""
    with platform_context(user_id=user.pk):
        factor: SecondFactor | None = SecondFactor.objects.filter(user=user, pk=factor_id).first()
        if factor is None:
            raise NotFound
        SecondFactor.objects.filter(pk=factor.pk).delete()
        if not SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists():
            RecoveryCode.objects.filter(user=user).delete()
        queue_notice(user, FACTOR_REMOVED)
    return factor


def _step_of(app: SecondFactor, code: str, now: datetime) -> int | None:
    """Return the time step of a code that was not used yet, or None if the code is wrong."""
    current, totp = int(now.timestamp()) // 30, pyotp.TOTP(app.secret)
    given = "".join(code.split())
    matching = (
        current + offset
        for offset in STEPS_ACCEPTED
        if constant_time_compare(totp.generate_otp(current + offset), given)
    )
    step = next(matching, None)
    return step if step is not None and step > app.counter else None


def _use_recovery_code(user: User, code: str, now: datetime) -> bool:
    unused = RecoveryCode.objects.filter(user=user, code_hash=_hash(code), used_at__isnull=True)
    return bool(unused.update(used_at=now))


def _new_recovery_code() -> str:
    letters = "".join(secrets.choice(RECOVERY_LETTERS) for _ in range(RECOVERY_LENGTH))
    return "-".join(letters[at : at + RECOVERY_GROUP] for at in range(0, RECOVERY_LENGTH, RECOVERY_GROUP))


def _hash(code: str) -> str:
    return hash_secret("".join(letter for letter in code.upper() if letter.isalnum()))
