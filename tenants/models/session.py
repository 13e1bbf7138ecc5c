"""What keeps people signed in, and what keeps guessers out. Only the platform role sees these tables."""

from django.db import models

from lad.db.fields import LowercaseEmailField, SecretHashField
from lad.db.models import GlobalModel


class RefreshToken(GlobalModel):
    """One refresh token, good for one use. All tokens that follow from one sign-in share its ``session_id``."""

    user = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    session_id = models.UUIDField()
    token_hash = SecretHashField(max_length=64, unique=True)
    user_agent = models.CharField(max_length=255, blank=True, default="", db_default="")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    # Every refresh writes two rows here; the log of who changed what would drown in them.
    audited = False

    class Meta:
        db_table = "refresh_tokens"
        indexes = [
            models.Index(fields=["session_id"], name="refresh_tokens_session"),
            models.Index(fields=["user", "-created_at"], name="refresh_tokens_user"),
            models.Index(fields=["tenant", "user"], name="refresh_tokens_tenant"),
            models.Index(fields=["expires_at"], name="refresh_tokens_expiry"),
        ]

    def __str__(self) -> str:
        return f"session {self.session_id}"


class SignInFailure(GlobalModel):
    """How often signing in failed for one address since it last worked; the address need not exist."""

    email = LowercaseEmailField(max_length=255, unique=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)
    last_failed_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True, blank=True)

    audited = False

    class Meta:
        db_table = "sign_in_failures"
        indexes = [models.Index(fields=["last_failed_at"], name="sign_in_failures_latest")]

    def __str__(self) -> str:
        return f"{self.email}: {self.failures}"
