"""Audits of the ledger, and anchors: hashes of its chains that later audits check."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q

from lad.db.fields import TenantForeignKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import AppendOnly, GlobalModel, TenantModel
from lad.limits import KILOBYTE, JsonLimit

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
    """A finished audit of the ledger: what it read, and the first rows that break a rule."""

    event_name = "billing.ledger_audit"

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    scope = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="The only tenant that was audited. Empty for all tenants.",
    )
    with_hashes = models.BooleanField(help_text="Whether the hash of every transaction was recomputed.")
    since_anchor = models.BooleanField(
        default=False, db_default=False, help_text="Whether transactions before the last anchors were left out."
    )
    ledger_rows = models.PositiveBigIntegerField()
    wallets = models.PositiveBigIntegerField()
    violations = models.PositiveBigIntegerField()
    findings = models.JSONField(
        default=list,
        blank=True,
        db_default=[],
        validators=[JsonLimit(max_bytes=1024 * KILOBYTE, max_values=50_000), JsonSchemaValidator(FINDINGS)],
    )
    result = models.CharField(max_length=20, choices=AuditResult)
    heads_hash = models.BinaryField(help_text="SHA-256 over the last hash of every wallet.")

    announced = False

    class Meta:
        db_table = "billing_ledger_audits"
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__gte=F("started_at")),
                name="billing_ledger_audits_lasted",
                violation_error_message="An audit cannot finish before it started.",
            ),
            models.CheckConstraint(
                condition=Q(result=AuditResult.PROVED, violations=0) | Q(result=AuditResult.VIOLATED, violations__gt=0),
                name="billing_ledger_audits_verdict",
                violation_error_message="The result must be proved without violations, and violated otherwise.",
            ),
        ]
        indexes = [models.Index(fields=["-created_at"], name="billing_audits_newest")]

    def __str__(self) -> str:
        return f"Audit of {self.started_at:%-d %B %Y %H:%M}"


class LedgerAnchor(AppendOnly, TenantModel):
    """The last hash of a wallet's ledger on one day, as recorded by an audit without violations.

    A chain that is rewritten from some transaction on is consistent in itself, but no longer matches its
    anchors.
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
                violation_error_message="The wallet is already anchored on this day.",
            ),
            models.CheckConstraint(
                condition=Q(wallet_version__gt=0),
                name="billing_ledger_anchors_version",
                violation_error_message="Only a wallet with transactions can be anchored.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_anchors_newest")]

    def __str__(self) -> str:
        return f"{self.wallet} at {self.wallet_version:,}"
