"""Reveal and save people who were found: each asks first, and says what it costs."""

from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from lad.admin.widgets import apply_widgets
from lad.errors import DomainError
from lad.tenancy.access import access_of
from leads.companies import caching
from leads.companies.charging import money
from leads.companies.finding import extensions
from leads.companies.finding.admin.forms import SaveForm
from leads.companies.reveals import services as reveals
from leads.companies.reveals.models import RevealKind
from leads.companies.reveals.selectors import reveals_of
from leads.companies.saving.services import SavedLeads, save_as_leads
from tenants.accounts.models import User

NOBODY: Final = "Choose at least one person."
CONFIRMED: Final = "confirmed"
PLURALS: Final = {RevealKind.EMAIL: "e-mail addresses", RevealKind.PHONE: "phone numbers"}
CENT: Final = Decimal("0.01")


def reveal_page(request: HttpRequest) -> HttpResponse:
    """Say what revealing the chosen people costs at most, and ask for them once that is confirmed."""
    access = access_of(request)
    if not access.allows("companies.reveal"):
        raise PermissionDenied
    people, kinds = request.POST.getlist("person"), _kinds(request)
    if not people:
        messages.warning(request, NOBODY)
        return HttpResponseRedirect(back_of(request))
    try:
        if CONFIRMED in request.POST:
            row = reveals.request(people, kinds, actor=access.user)
            address = reverse("admin:reveal_results", args=(row.pk,))
            return HttpResponseRedirect(f"{address}?{urlencode({'back': back_of(request)})}")
        estimate = reveals.estimate(people, kinds)
    except DomainError as error:
        messages.error(request, error.detail)
        return HttpResponseRedirect(back_of(request))
    shown = {
        "kinds": kinds,
        "estimate": estimate,
        "cost": money(estimate.credits),
        "available": money(estimate.available.quantize(CENT, ROUND_FLOOR)),
        "wallet_url": reverse("admin:billing_wallet_changelist") if access.allows("billing.view") else "",
    }
    what = " and ".join(PLURALS[RevealKind(kind)] for kind in kinds)
    return _page(request, "leads/admin/reveal_people.html", f"Reveal {what}", people, **shown)


def save_page(request: HttpRequest) -> HttpResponse:
    """Ask how the chosen people are saved as leads, and save them."""
    access = access_of(request)
    if not access.allows("leads.create"):
        raise PermissionDenied
    people = request.POST.getlist("person")
    if not people:
        messages.warning(request, NOBODY)
        return HttpResponseRedirect(back_of(request))
    offers = extensions.offers_for(access)
    confirmed = CONFIRMED in request.POST
    # Who finds people is who will talk to them, unless somebody else is chosen.
    form = SaveForm(request.POST if confirmed else None, initial={"owner": str(access.user.pk)}, offers=offers)
    if not confirmed or not form.is_valid():
        named = [offer.naming for offer in offers if offer.new]
        shown = {
            "form": apply_widgets(form),
            "named": named,
            "new": extensions.NEW,
            "without_email": _to_reveal(people) if offers else 0,
        }
        return _page(request, "leads/admin/save_people.html", "Save as leads", people, **shown)
    owner = form.cleaned_data["owner"]
    try:
        saved = save_as_leads(
            people,
            duplicates=form.cleaned_data["duplicates"],
            owner=User.objects.get(pk=owner) if owner else None,
            tags=form.tag_list(),
            actor=access.user,
        )
    except DomainError as error:
        messages.error(request, error.detail)
        return HttpResponseRedirect(back_of(request))
    leads = reverse("admin:leads_lead_changelist")
    messages.success(request, format_html('{} <a class="lad-link" href="{}">Show the leads</a>', _told(saved), leads))
    for said in extensions.apply(offers, form.cleaned_data, saved.ids, access):
        messages.info(request, said)
    return HttpResponseRedirect(back_of(request))


def _to_reveal(people: list[str]) -> int:
    """Return how many of the people have an e-mail address that nobody has asked for."""
    asked = {each.person_id for each in reveals_of(people, kinds=[RevealKind.EMAIL])}
    known = caching.employees(people)
    return sum(not each.employee_email for person, each in known.items() if person not in asked)


def _told(saved: SavedLeads) -> str:
    """Say how many people were saved, without what did not happen."""
    counts = (
        (saved.created, "saved as a new lead", "saved as new leads"),
        (saved.updated, "updated", "updated"),
        (saved.skipped, "a lead already and was left as it was", "leads already and were left as they were"),
    )
    parts = [f"{many:,} {f'was {one}' if many == 1 else f'were {several}'}" for many, one, several in counts if many]
    return f"{'; '.join(parts) or 'Nobody was saved'}."


def _kinds(request: HttpRequest) -> list[str]:
    given = request.POST.getlist("kind") or [request.POST.get("action", "").removeprefix("reveal-")]
    return [kind for kind in given if kind in RevealKind.values] or [RevealKind.EMAIL.value]


def back_of(request: HttpRequest) -> str:
    """Return the page with what was found, if it is one of LAD's own."""
    address = request.POST.get("back", "") or request.GET.get("back", "")
    is_own = url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_own and address.startswith(reverse("admin:find_people")) else reverse("admin:find_people")


def _page(request: HttpRequest, template: str, title: str, people: list[str], **more: Any) -> HttpResponse:
    many = f"{len(people)} {'person' if len(people) == 1 else 'people'}"
    context = {
        **admin.site.each_context(request),
        "title": f"{title}: {many}",
        "many": many,
        "people": people,
        "back": back_of(request),
        **more,
    }
    return TemplateResponse(request, template, context)
