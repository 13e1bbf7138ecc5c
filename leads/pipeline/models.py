"""The tenant's own columns of the pipeline, and the states a lead can be in beside them."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Deferrable, Q

from lad.db.models import TenantModel

KEY_PATTERN = r"^[a-z0-9_-]+$"
COLOR_PATTERN = r"^#[0-9A-Fa-f]{6}$"
KEY_RULE = "A key is small letters, digits, hyphens and underscores, such as follow_up."
COLOR_RULE = "Give the colour as # and six hexadecimal digits, such as #3B82F6."


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
    """One column of a tenant's pipeline; ``display_order`` says where it stands, from the left."""

    event_name = "leads.stage"

    key = _key()
    label = models.CharField(max_length=100)
    description = models.TextField(max_length=2_000, blank=True, default="", db_default="")
    color = _color()
    # Left empty, the stage comes last.
    display_order = models.PositiveIntegerField(blank=True)

    class Meta:
        db_table = "lead_stages"
        verbose_name = "stage"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                name="lead_stages_key",
                violation_error_message="There is a stage with this key already.",
            ),
            # Held at the end of a statement, so that one statement may shift many.
            models.UniqueConstraint(
                fields=["tenant", "display_order"],
                name="lead_stages_order",
                deferrable=Deferrable.IMMEDIATE,
                violation_error_message="Another stage stands at this place.",
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
    """One state a tenant's lead can be in, whatever its stage."""

    event_name = "leads.status"

    key = _key()
    label = models.CharField(max_length=100)
    color = _color()

    class Meta:
        db_table = "lead_statuses"
        verbose_name = "status"
        verbose_name_plural = "statuses"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                name="lead_statuses_key",
                violation_error_message="There is a status with this key already.",
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
