"""How far a tenant's legacy credits have moved into wallets."""

from django.db import models

from lad.db.models import TenantModel


class LegacyMove(TenantModel):
    """The last move of a tenant's legacy credits: when it ran, what it found, and whether they are read-only since.

    ``report`` has a line for each user: their legacy credits, what those are worth, what their wallet
    got and the difference, with the adjustments that were needed.
    """

    moved_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True, help_text="From then on the old tables refuse every write.")
    report = models.JSONField(
        default=list, blank=True, db_default=[], help_text="A line for each user, as shown after the move."
    )

    announced = False
    privileges = ("SELECT",)

    class Meta:
        db_table = "billing_legacy_moves"
        verbose_name = "move of legacy credits"
        verbose_name_plural = "moves of legacy credits"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                name="billing_legacy_moves_tenant_key",
                violation_error_message="The tenant's move is recorded already.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_legacy_moves_newest")]

    def __str__(self) -> str:
        return f"Legacy credits of {self.tenant}"
