"""The pages of a campaign beside its own: what waits, and why something was not sent."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from campaigns.analytics.overview import links
from campaigns.analytics.queue import next_sends, queue, waiting_for
from campaigns.design.models import Campaign
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.wording import reason_in_words
from lad.admin.base import LadModelAdmin

SHOWN: Final = 100
NEXT_SHOWN: Final = 50


def urls(admin: LadModelAdmin) -> list[URLPattern]:
    """Return the addresses of the pages, for the admin of campaigns."""

    def page(name: str, template: str, read: Any) -> URLPattern:
        def view(request: HttpRequest, object_id: UUID) -> HttpResponse:
            campaign = admin.get_row_or_404(request, str(object_id))
            context = {
                **admin.admin_site.each_context(request),
                "opts": admin.opts,
                "original": campaign,
                "links": links(campaign),
                "back": admin.change_url(campaign),
                "now": timezone.now(),
                **read(request, campaign),
            }
            request.current_app = admin.admin_site.name
            return TemplateResponse(request, template, context)

        address = f"<uuid:object_id>/{name.replace('_', '-')}/"
        return path(address, admin.admin_site.admin_view(view), name=f"campaigns_campaign_{name}")

    return [page("queue", "campaigns/admin/queue.html", _queue)]


def _queue(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return what waits, those of one reason by name, and what is next."""
    waiting = queue(campaign)
    reason = request.GET.get("reason", "")
    chosen = next((group for group in waiting.groups if group.reason == reason), None)
    rows = list(waiting_for(campaign, reason)[:SHOWN]) if chosen else []
    return {
        "title": f"What waits in {campaign}",
        "queue": waiting,
        "chosen": chosen,
        "rows": [(row, _why(row)) for row in rows],
        "hidden": chosen.number - len(rows) if chosen else 0,
        "next_sends": next_sends(campaign, limit=NEXT_SHOWN),
    }


def _why(enrolment: CampaignLead) -> str:
    return reason_in_words(enrolment.reason, str(enrolment)) if enrolment.reason else ""
