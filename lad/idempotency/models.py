"""Answers kept so that a repeated request gets the first one's."""

from django.db import models

from lad.db.fields import TenantUserKey
from lad.db.models import TenantModel


class SecretBytesField(models.BinaryField):
    """Bytes that are never shown, logged or audited."""

    secret = True


class IdempotencyKey(TenantModel):
    """One write with an ``Idempotency-Key``, and its answer byte for byte; kept for a day."""

    event_name = "tenants.idempotency_key"

    user = TenantUserKey(on_delete=models.CASCADE, db_index=False)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=10)
    path = models.TextField()
    body_hash = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_headers = models.JSONField(default=dict, blank=True, db_default={})
    response_body = SecretBytesField(null=True, blank=True, editable=False)

    # Bookkeeping of the API; the write it stands for is audited itself.
    audited = False
    tenant_key = False

    class Meta:
        db_table = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user", "key"], name="idempotency_keys_key"),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="idempotency_keys_newest")]

    def __str__(self) -> str:
        return self.key
