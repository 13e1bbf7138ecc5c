"""A tenant's own stages and statuses."""

from typing import Final

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Deferrable, Q

from lad.db.models import TenantModel

KEY_PATTERN = r"^[a-z0-9_-]+$"
COLOR_PATTERN = r"^#[0-9A-Fa-f]{6}$"
KEY_RULE = "Use lower-case letters, digits, hyphens and underscores only, for example follow_up."
COLOR_RULE = "Write the colour as # and six hexadecimal digits, for example #3B82F6."


class Outcome(models.TextChoices):
    """What it means for a deal to stand there."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


# What the usual keys mean, unless a row says otherwise.
USUAL_OUTCOMES: Final = {
    **dict.fromkeys(("won", "closed_won", "enrolled"), Outcome.WON),
    **dict.fromkeys(("lost", "closed_lost", "rejected", "withdrawn"), Outcome.LOST),
}


def _outcome() -> models.CharField:
    return models.CharField(
        max_length=10,
        choices=Outcome,
        default=Outcome.OPEN,
        db_default=Outcome.OPEN,
        help_text="A lead that moves to a won or lost stage gets the first status with that outcome.",
    )


def _key() -> models.CharField:
    return models.CharField(max_length=50, validators=[RegexValidator(r"\A[a-z0-9_-]+\Z", KEY_RULE)])


def _color() -> models.CharField:
    return models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(r"\A#[0-9A-Fa-f]{6}\Z", COLOR_RULE)],
    )


class LeadStage(TenantModel):
    """One column of a tenant's pipeline. ``display_order`` counts from the left."""

    event_name = "leads.stage"

    key = _key()
    label = models.CharField(max_length=100)
    description = models.TextField(max_length=2_000, blank=True, default="", db_default="")
    color = _color()
    outcome = _outcome()
    # Empty means last.
    display_order = models.PositiveIntegerField(blank=True)

    class Meta:
        db_table = "lead_stages"
        verbose_name = "stage"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                name="lead_stages_key",
                violation_error_message="A stage with this key already exists.",
            ),
            # Checked at the end of a statement, so that one statement can move many rows.
            models.UniqueConstraint(
                fields=["tenant", "display_order"],
                name="lead_stages_order",
                deferrable=Deferrable.IMMEDIATE,
                violation_error_message="Another stage has this place.",
            ),
            models.CheckConstraint(
                condition=Q(key__regex=KEY_PATTERN), name="lead_stages_key_valid", violation_error_message=KEY_RULE
            ),
            models.CheckConstraint(
                condition=Q(color="") | Q(color__regex=COLOR_PATTERN),
                name="lead_stages_color_valid",
                violation_error_message=COLOR_RULE,
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="lead_stages_newest")]

    def __str__(self) -> str:
        return self.label


class LeadStatus(TenantModel):
    """A state of a lead beside its stage, such as on hold."""

    event_name = "leads.status"

    key = _key()
    label = models.CharField(max_length=100)
    color = _color()
    outcome = _outcome()

    class Meta:
        db_table = "lead_statuses"
        verbose_name = "status"
        verbose_name_plural = "statuses"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                name="lead_statuses_key",
                violation_error_message="A status with this key already exists.",
            ),
            models.CheckConstraint(
                condition=Q(key__regex=KEY_PATTERN), name="lead_statuses_key_valid", violation_error_message=KEY_RULE
            ),
            models.CheckConstraint(
                condition=Q(color="") | Q(color__regex=COLOR_PATTERN),
                name="lead_statuses_color_valid",
                violation_error_message=COLOR_RULE,
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="lead_statuses_newest")]

    def __str__(self) -> str:
        return self.label
