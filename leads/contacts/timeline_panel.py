"""The timeline on the lead's page: filters, entries and the way to older ones."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from lad.db.identifiers import uuid_or_none
from lad.errors import Invalid
from lad.tenancy.access import access_of
from leads.contacts.models import Lead
from leads.contacts.timeline import Place, TimelineFilter, kinds_for, timeline
from leads.pipeline.admin.choices import pipeline_once

KIND, PERSON, BEFORE, MORE = "timeline", "by", "before", "more"


def timeline_context(request: HttpRequest, lead: Lead) -> dict[str, Any]:
    """Return what the template of the timeline shows: a page, as the request's query chooses it.

    Without JavaScript the links lead to the lead's page; with it, their answers replace a part of the page.
    """
    access = access_of(request)
    kinds = kinds_for(access)
    kind = next((each for each in kinds if each.value == request.GET.get(KIND)), None)
    person = uuid_or_none(request.GET.get(PERSON, ""))
    page = timeline(
        lead,
        access,
        wanted=TimelineFilter(frozenset({kind} if kind else ()), person),
        before=_place(request),
        read_pipeline=lambda: pipeline_once(request, lead.tenant_id),
    )
    chosen = {KIND: kind.value if kind else "", PERSON: str(person) if person else ""}
    own = str(access.user.pk) if access.user else ""
    return {
        "lead": lead,
        "rows": page.rows,
        "now": timezone.now(),
        "chips": [
            _chip(lead, "All", {**chosen, KIND: ""}, active=kind is None),
            *(_chip(lead, each.label, {**chosen, KIND: each.value}, active=each is kind) for each in kinds),
        ],
        "mine": _chip(lead, "By me", {**chosen, PERSON: "" if chosen[PERSON] else own}, active=bool(chosen[PERSON])),
        "older": _links(lead, {**chosen, BEFORE: page.older.encode(), MORE: "1"}) if page.older else None,
        "from_the_start": BEFORE not in request.GET,
    }


def timeline_part(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Answer with a part of the page: the whole timeline, or older entries to put below those that are shown."""
    context = timeline_context(request, lead)
    template = "leads/admin/timeline_rows.html" if MORE in request.GET else "leads/admin/timeline.html"
    return render(request, template, context)


def _place(request: HttpRequest) -> Place | None:
    text = request.GET.get(BEFORE)
    try:
        return Place.decode(text) if text else None
    except Invalid as error:
        raise Http404("This part of the timeline does not exist.") from error


def _chip(lead: Lead, label: str, query: Mapping[str, str], *, active: bool) -> dict[str, Any]:
    return {"label": label, "active": active, **_links(lead, query)}


def _links(lead: Lead, query: Mapping[str, str]) -> dict[str, str]:
    """Return the address of the page for browsers without JavaScript, and that of the part for others."""
    text = urlencode({name: value for name, value in query.items() if value})
    page = reverse("admin:leads_lead_change", args=(lead.pk,))
    part = reverse("admin:leads_lead_timeline", args=(lead.pk,))
    return {"page": f"{page}?{text}#lead-timeline", "part": f"{part}?{text}"}
