"""Export the activity log of a campaign as CSV."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.text import slugify

from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import CampaignLeadActivity
from campaigns.enrolment.wording import why_undone
from lad.admin.exports import each_page
from lad.labels import in_words
from lad.spreadsheets import csv_download, csv_lines
from lad.tenancy.access import Access

KIND: Final = "campaign activities"
COLUMNS: Final = (
    "id",
    "created_at",
    "executed_at",
    "campaign",
    "lead_id",
    "lead",
    "email",
    "company",
    "step",
    "step_type",
    "channel",
    "status",
    "reason",
    "outcome",
    "subject",
)


def activities_csv(rows: QuerySet[CampaignLeadActivity], access: Access, *, name: str = "") -> StreamingHttpResponse:
    """Return the activities as a file, one line each, newest first, with the reason in words for what was not done.

    ``outcome`` is the answer of a condition or the variant of a split.
    """
    wanted = rows.select_related("campaign_lead", "campaign", "step").order_by()
    file_name = f"activities-{slugify(name)}".rstrip("-") + ".csv"
    return csv_download(csv_lines(chain([COLUMNS], each_page(wanted, access, _cells))), name=file_name)


def _cells(rows: Sequence[CampaignLeadActivity]) -> Iterator[Iterable[object]]:
    for row in rows:
        enrolment = row.campaign_lead
        person = f"{enrolment.first_name} {enrolment.last_name}".strip()
        yield (
            row.pk,
            row.created_at,
            row.executed_at,
            row.campaign.name,
            enrolment.lead_id,
            person,
            enrolment.email,
            enrolment.company_name,
            row.step.title if row.step else "",
            step_types.get(row.step_type).label if row.step_type in step_types else in_words(row.step_type),
            row.get_channel_display() if row.channel else "",
            row.get_status_display(),
            why_undone(row, person or str(enrolment)),
            row.metadata.get("outcome", ""),
            row.subject,
        )
