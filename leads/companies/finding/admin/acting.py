"""Reveal and save people who were found: each asks first, and says what it costs."""

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from lad.admin.widgets import apply_widgets
from lad.errors import DomainError
from lad.tenancy.access import access_of
from leads.companies.charging import money
from leads.companies.finding import extensions
from leads.companies.finding.admin.forms import SaveForm
from leads.companies.reveals import services as reveals
from leads.companies.reveals.models import RevealKind
from leads.companies.saving.services import save_as_leads
from tenants.accounts.models import User

NOBODY: Final = "Choose at least one person."
CONFIRMED: Final = "confirmed"


def reveal_page(request: HttpRequest) -> HttpResponse:
    """Say what revealing the chosen people costs at most, and ask for them once that is confirmed."""
    access = access_of(request)
    if not access.allows("companies.reveal"):
        raise PermissionDenied
    people, kinds = request.POST.getlist("person"), _kinds(request)
    if not people:
        messages.warning(request, NOBODY)
        return HttpResponseRedirect(_back(request))
    try:
        if CONFIRMED in request.POST:
            row = reveals.request(people, kinds, actor=access.user)
            return HttpResponseRedirect(reverse("admin:reveal_results", args=(row.pk,)))
        estimate = reveals.estimate(people, kinds)
    except DomainError as error:
        messages.error(request, error.detail)
        return HttpResponseRedirect(_back(request))
    shown = {
        "kinds": kinds,
        "estimate": estimate,
        "cost": money(estimate.credits),
        "available": money(estimate.available),
    }
    return _page(request, "leads/admin/reveal_people.html", "Reveal", people, **shown)


def save_page(request: HttpRequest) -> HttpResponse:
    """Ask how the chosen people are saved as leads, and save them."""
    access = access_of(request)
    if not access.allows("leads.create"):
        raise PermissionDenied
    people = request.POST.getlist("person")
    if not people:
        messages.warning(request, NOBODY)
        return HttpResponseRedirect(_back(request))
    offers = extensions.offers_for(access)
    confirmed = CONFIRMED in request.POST
    form = SaveForm(request.POST if confirmed else None, offers=offers)
    if not confirmed or not form.is_valid():
        return _page(request, "leads/admin/save_people.html", "Save as leads", people, form=apply_widgets(form))
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
        return HttpResponseRedirect(_back(request))
    messages.success(
        request,
        f"{saved.created} leads were created, {saved.updated} were updated and {saved.skipped} were leads already.",
    )
    for said in extensions.apply(offers, form.cleaned_data, saved.ids, access):
        messages.info(request, said)
    return HttpResponseRedirect(_back(request))


def _kinds(request: HttpRequest) -> list[str]:
    given = request.POST.getlist("kind") or [request.POST.get("action", "").removeprefix("reveal-")]
    return [kind for kind in given if kind in RevealKind.values] or [RevealKind.EMAIL.value]


def _back(request: HttpRequest) -> str:
    """Return the page with what was found, if it is one of LAD's own."""
    address = request.POST.get("back", "")
    is_own = url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_own and address.startswith(reverse("admin:find_people")) else reverse("admin:find_people")


def _page(request: HttpRequest, template: str, title: str, people: list[str], **more: Any) -> HttpResponse:
    many = f"{len(people)} {'person' if len(people) == 1 else 'people'}"
    context = {
        **admin.site.each_context(request),
        "title": f"{title}: {many}",
        "many": many,
        "people": people,
        "back": _back(request),
        **more,
    }
    return TemplateResponse(request, template, context)
