"""Erase the recordings of a lead's calls, on the lead's page."""

from typing import Any

from django.http import HttpRequest

from lad.admin.actions import row_action
from lad.tenancy.access import access_of
from leads.contacts.extensions import add_action
from leads.contacts.models import Lead
from voice.features import VOICE_AGENT
from voice.recordings import services
from voice.recordings.admin import EXPLANATION, EraseForm


@row_action(
    "Erase recordings",
    explanation=f"Every recording of a call with this lead is erased. {EXPLANATION}",
    form=EraseForm,
    permission="erase_recordings",
    icon="delete_forever",
    danger=True,
    seldom=True,
)
def erase_recordings(self: Any, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    erased = services.erase_of_lead(lead=row, reason=values["reason"], actor=access_of(request).user)
    return f"{erased:,} {'recording was' if erased == 1 else 'recordings were'} erased."


add_action(erase_recordings, rank=95, rights=("calls.update",), feature=VOICE_AGENT)
