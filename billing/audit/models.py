"""Proofs of the ledger, and the heads of its chains that later proofs are held against."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q

from lad.db.fields import TenantForeignKey
from lad.db.models import AppendOnly, GlobalModel, TenantModel
from lad.db.shapes import Shape

FINDINGS: Final = {
    "type": "array",
    "maxItems": 200,
    "items": {
        "type": "object",
        "required": ["rule", "title", "table", "row"],
        "properties": {
            "rule": {"type": "string", "pattern": "^I[0-9]{1,2}$"},
            "title": {"type": "string", "minLength": 1},
            "table": {"type": "string", "minLength": 1},
            "row": {"type": "object"},
        },
    },
}


class AuditResult(models.TextChoices):
    PROVED = "proved", "Proved"
    VIOLATED = "violated", "Violated"


class LedgerAudit(AppendOnly, GlobalModel):
    """One finished audit of the ledger: what it read, and the first of the rows that break a rule."""

    event_name = "billing.ledger_audit"

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    scope = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="The only tenant audited; empty for all."
    )
    with_hashes = models.BooleanField(help_text="Whether the hash of every row was computed again.")
    since_anchor = models.BooleanField(
        default=False, db_default=False, help_text="Whether rows below a wallet's last anchor were left out."
    )
    ledger_rows = models.PositiveBigIntegerField()
    wallets = models.PositiveBigIntegerField()
    violations = models.PositiveBigIntegerField()
    findings = models.JSONField(default=list, blank=True, db_default=[], validators=[Shape(FINDINGS)])
    result = models.CharField(max_length=20, choices=AuditResult)
    heads_hash = models.BinaryField(help_text="SHA-256 over the last hash of every wallet.")

    announced = False

    class Meta:
        db_table = "billing_ledger_audits"
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__gte=F("started_at")),
                name="billing_ledger_audits_lasted",
                violation_error_message="An audit ends after it began.",
            ),
            models.CheckConstraint(
                condition=Q(result=AuditResult.PROVED, violations=0) | Q(result=AuditResult.VIOLATED, violations__gt=0),
                name="billing_ledger_audits_verdict",
                violation_error_message="The ledger is proved when nothing breaks a rule, and only then.",
            ),
        ]
        indexes = [models.Index(fields=["-created_at"], name="billing_audits_newest")]

    def __str__(self) -> str:
        return f"Audit of {self.started_at:%-d %B %Y %H:%M}"


class LedgerAnchor(AppendOnly, TenantModel):
    """The head of a wallet's chain on one day, as a clean audit found it.

    A chain that was written anew from an earlier row on is whole in itself, but no longer runs through its anchors.
    """

    event_name = "billing.ledger_anchor"

    wallet = TenantForeignKey("billing.Wallet", on_delete=models.PROTECT, related_name="anchors", db_index=False)
    anchored_on = models.DateField(help_text="The day in UTC.")
    wallet_version = models.PositiveBigIntegerField()
    entry_hash = models.BinaryField()

    announced = False
    privileges: ClassVar[tuple[str, ...]] = ("SELECT",)

    class Meta:
        db_table = "billing_ledger_anchors"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "wallet", "anchored_on"],
                name="billing_ledger_anchors_day_key",
                violation_error_message="The wallet is anchored on this day already.",
            ),
            models.CheckConstraint(
                condition=Q(wallet_version__gt=0),
                name="billing_ledger_anchors_version",
                violation_error_message="Only a wallet with rows in the ledger has a head.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_anchors_newest")]

    def __str__(self) -> str:
        return f"{self.wallet} at {self.wallet_version:,}"
