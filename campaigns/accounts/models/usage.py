"""How much an account on a network has done, by action and day."""

from django.db import models

from lad.db.models import TenantModel


class ActionCount(TenantModel):
    """What one account has done of one action on one day of its tenant. Limits of days and weeks are read from it."""

    event_name = "campaigns.action_count"

    # A LinkedIn account or a channel account.
    account_id = models.UUIDField()
    action = models.CharField(max_length=30)
    day = models.DateField()
    taken = models.PositiveIntegerField(default=0, db_default=0)

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "account_action_counts"
        verbose_name = "actions of an account"
        verbose_name_plural = "actions of accounts"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "account_id", "action", "day"], name="account_action_counts_key")
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="account_action_counts_newest")]

    def __str__(self) -> str:
        return f"{self.day}: {self.taken} × {self.action}"
