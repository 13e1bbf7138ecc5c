"""Second factors of users: authenticator apps, passkeys and recovery codes."""

from django.db import models

from lad.db.fields import EncryptedTextField, SecretHashField
from lad.db.models import GlobalModel


class FactorKind(models.TextChoices):
    TOTP = "totp", "Authenticator app"
    PASSKEY = "passkey", "Passkey"


class SecondFactor(GlobalModel):
    """An authenticator app or a passkey of a user. It counts once it is confirmed.

    ``secret`` is the app's shared key, or the passkey's public key. ``counter`` only grows: it is the time step
    of the app's last code, or the number of the passkey's last signature, so that none is accepted twice.
    """

    event_name = "tenants.second_factor"

    user = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=FactorKind)
    name = models.CharField(max_length=100)
    secret = EncryptedTextField()
    counter = models.BigIntegerField(default=0, db_default=0)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    announced = False
    # Every use changes the row.
    audited_columns = ("confirmed_at",)

    class Meta:
        db_table = "second_factors"
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(kind=FactorKind.TOTP),
                name="second_factors_one_app",
                violation_error_message="This user has an authenticator app already.",
            )
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="second_factors_user")]

    def __str__(self) -> str:
        return self.name


class RecoveryCode(GlobalModel):
    """A code that signs a user in once, for when their app or passkey is lost."""

    event_name = "tenants.recovery_code"

    user = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    code_hash = SecretHashField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    announced = False

    class Meta:
        db_table = "recovery_codes"
        indexes = [models.Index(fields=["user", "code_hash"], name="recovery_codes_user")]

    def __str__(self) -> str:
        return "used" if self.used_at else "unused"
