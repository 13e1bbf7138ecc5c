"""The action on a batch's page that calls the unreached again."""

from typing import Any

from django import forms
from django.http import HttpRequest

from lad import moments
from lad.admin.actions import row_action
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from voice.batches.models import CallBatch
from voice.batches.services.redial import MAX_NAME, redial
from voice.statuses import BATCH_FINISHED


class RedialForm(forms.Form):
    """Ask what the new batch is called, and when it begins."""

    name = forms.CharField(max_length=MAX_NAME, required=False, help_text="Empty: named after this batch.")
    scheduled_at = forms.DateTimeField(
        label="Start", required=False, validators=[moments.validate], help_text="Empty: now."
    )


class RedialAction:
    """Gives the page of a batch the action *Call the unreached again*."""

    def has_redial_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return bool(self.allows(request, "create"))  # type: ignore[attr-defined]  # of the page that it is mixed into

    @row_action(
        "Call the unreached again",
        explanation="Those who were busy, did not answer, had a voicemail, or whose call failed, in a new batch.",
        form=RedialForm,
        permission="redial",
        when=lambda row: not is_deleted(row) and row.status in BATCH_FINISHED,
        icon="replay",
    )
    def redial(self, request: HttpRequest, row: CallBatch, values: dict[str, Any]) -> str:
        child = redial(batch=row, actor=access_of(request).user, **values)
        return f"{child.total_calls} people are called again by “{child.name}”."
