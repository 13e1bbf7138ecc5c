"""The pages of the editor: the sequence, the checklist before the start, and a new campaign from a sequence."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from rest_framework.exceptions import ValidationError

from campaigns.accounts.models import EmailAccount
from campaigns.accounts.services import USABLE
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services import lifecycle
from campaigns.editor import drawing, library, services
from campaigns.editor.checklist import Level, checklist
from campaigns.editor.drafts import draft_of
from campaigns.editor.looks import links_by_step, preview_of
from campaigns.editor.new_form import NewCampaignForm, lead_count_words
from campaigns.editor.serializers import (
    SavedSequenceResponse,
    SequenceSerializer,
    StepFormResponse,
    StepFormSerializer,
    read_draft,
    step_form,
)
from campaigns.templates.api import preview_choice
from campaigns.templates.links import check_links
from campaigns.templates.trials import trial_message
from campaigns.templates.variables import VARIABLES
from lad.admin.actions import Afterwards
from lad.admin.base import LadModelAdmin
from lad.admin.permissions import can_view
from lad.admin.widgets import apply_widgets
from lad.errors import DomainError, Invalid, NotFound
from lad.jsontext import parse
from lad.tenancy.access import access_of
from lad.tenancy.middleware import outside_scope
from leads.contacts.models import Lead

LEADS_OFFERED: Final = 50
ONE_TENANT: Final = "Choose a tenant first: a campaign belongs to one."
LEVEL_ICONS: Final = {
    Level.BLOCKING: "block",
    Level.ADVICE: "warning",
    Level.INFORMATION: "schedule_send",
    Level.GOOD: "check_circle",
}

View = Callable[..., HttpResponse]


def urls(admin: LadModelAdmin) -> list[URLPattern]:
    """Return the addresses of the pages, for the admin of campaigns."""

    def of_campaign(address: str, name: str, view: Callable[..., HttpResponse]) -> URLPattern:
        def shown(request: HttpRequest, object_id: UUID) -> HttpResponse:
            campaign = admin.get_row_or_404(request, str(object_id))
            request.current_app = admin.admin_site.name
            with admin.row_scope(request, campaign):
                return view(admin, request, campaign)

        return path(
            f"<uuid:object_id>/{address}/", admin.admin_site.admin_view(shown), name=f"campaigns_campaign_{name}"
        )

    def plain(address: str, name: str, view: Callable[..., HttpResponse]) -> URLPattern:
        def shown(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not admin.has_add_permission(request):
                raise PermissionDenied
            request.current_app = admin.admin_site.name
            if access_of(request).tenant_id is None:
                messages.warning(request, ONE_TENANT)
                return HttpResponseRedirect(reverse("admin:campaigns_campaign_changelist"))
            return view(admin, request, **kwargs)

        return path(address, admin.admin_site.admin_view(shown), name=f"campaigns_campaign_{name}")

    def check(request: HttpRequest, object_id: UUID) -> HttpResponse:
        campaign = admin.get_row_or_404(request, str(object_id))
        with admin.row_scope(request, campaign):
            found = links_by_step(campaign)
        return _check_links(request, campaign, found)

    return [
        plain("new/", "new", _gallery),
        plain("new/count/", "count_leads", _count),
        plain("new/<str:key>/", "new_from", _new),
        of_campaign("sequence", "sequence", _sequence),
        of_campaign("sequence/step", "sequence_step", _step),
        of_campaign("sequence/test", "sequence_test", _test),
        of_campaign("checklist", "checklist", _checklist),
        path(
            "<uuid:object_id>/checklist/links/",
            admin.admin_site.admin_view(require_POST(check)),
            name="campaigns_campaign_check_links",
        ),
    ]


def _context(
    admin: LadModelAdmin, request: HttpRequest, title: str, campaign: Campaign | None = None
) -> dict[str, Any]:
    return {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "original": campaign,
        "back": admin.change_url(campaign) if campaign else reverse("admin:campaigns_campaign_changelist"),
        "title": title,
        "is_fullwidth": "1",
    }


# The sequence


def _sequence(admin: LadModelAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Show the editor. A POST saves the sequence, and answers what came of it."""
    if request.method == "POST":
        if not admin.has_change_permission(request, campaign):
            raise PermissionDenied
        return _answered(request, lambda: _save(request, campaign))
    if request.GET.get("part") == "data":
        return JsonResponse(dict(drawing.drawing_of(campaign)))
    may_change = admin.has_change_permission(request, campaign)
    shown = drawing.drawing_of(campaign)
    page = {
        **_context(admin, request, "Sequence", campaign),
        "data": {
            **shown,
            "editable": shown["editable"] and may_change,
            "kinds": drawing.kinds(campaign),
            "variables": [{"name": each.name, "label": each.label} for each in VARIABLES],
            "leads": _leads_offered(request, campaign),
            "accounts": _accounts_offered(request, campaign),
            "urls": {
                "save": request.path,
                "step": reverse("admin:campaigns_campaign_sequence_step", args=(campaign.pk,)),
                "test": reverse("admin:campaigns_campaign_sequence_test", args=(campaign.pk,)),
                "checklist": reverse("admin:campaigns_campaign_checklist", args=(campaign.pk,)),
            },
            "status": campaign.get_status_display(),
        },
        "is_draft": campaign.status == CampaignStatus.DRAFT,
    }
    return TemplateResponse(request, "campaigns/editor/sequence.html", page)


def _save(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    draft, body = read_draft(parse(request.body.decode()), form=SequenceSerializer)
    saved = services.save_sequence(
        campaign=campaign,
        draft=draft,
        actor=access_of(request).user,
        version=body["version"],
        confirmed=body.get("confirmed"),
    )
    return dict(
        SavedSequenceResponse({**drawing.drawing_of(campaign), "ids": saved.ids, "effects": saved.effects}).data
    )


def _step(admin: LadModelAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Answer the form of a step with what was entered, its faults and its message."""

    def form() -> dict[str, Any]:
        data: Any = parse(request.body.decode())
        if isinstance(data, dict) and data.get("lead") and not can_view(request, Lead):
            raise NotFound
        return dict(StepFormResponse(step_form(campaign, data)).data)

    return _answered(request, form)


def _test(admin: LadModelAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Send the message of a step to the user's own address."""
    if not admin.has_change_permission(request, campaign):
        raise PermissionDenied

    def ready() -> Afterwards[dict[str, Any]]:
        data: Any = parse(request.body.decode())
        body = StepFormSerializer.read({name: data[name] for name in ("step",) if name in data})
        choice = preview_choice({name: data[name] for name in ("lead", "account", "variant") if data.get(name)})
        account, user = choice["account"], access_of(request).user
        if account is None:
            raise Invalid(errors={"account": ["Choose the account that sends it."]})
        [step] = draft_of([body["step"]])
        shown = preview_of(step, campaign, lead=choice["lead"], account=account, variant=choice["variant"])
        message = trial_message(shown=shown, account=account, user=user, now=timezone.now())

        def send() -> dict[str, Any]:
            message.send()
            return {"sent_to": user.email}

        return Afterwards(send)

    return _answered(request, ready)


def _answered(request: HttpRequest, work: Callable[[], dict[str, Any] | Afterwards[dict[str, Any]]]) -> JsonResponse:
    """Do the work and answer its result, or why it was refused: the page shows that, so it is no failed request."""
    try:
        with transaction.atomic():
            result = work()
        if isinstance(result, Afterwards):
            with outside_scope(request):
                result = result.work()
        return JsonResponse({"refused": None, **result})
    except DomainError as error:
        errors = getattr(error, "errors", {})
        return JsonResponse({"refused": {"code": error.code, "detail": error.detail, "errors": errors, **error.extra}})
    except (ValidationError, ValueError) as error:
        detail = getattr(error, "detail", "The page sent something unreadable. Load it again.")
        return JsonResponse({"refused": {"code": "invalid", "detail": "Some entries are not valid.", "errors": detail}})


def _leads_offered(request: HttpRequest, campaign: Campaign) -> list[dict[str, str]]:
    """Return the enrolled leads that the messages can be shown for, the newest first."""
    if not can_view(request, Lead):
        return []
    rows = campaign.enrolments.order_by("-created_at").values_list("lead_id", "first_name", "last_name", "company_name")
    return [
        {"id": str(key), "name": " · ".join(filter(None, (f"{first} {last}".strip(), company))) or "A lead"}
        for key, first, last, company in rows[:LEADS_OFFERED]
    ]


def _accounts_offered(request: HttpRequest, campaign: Campaign) -> list[dict[str, str]]:
    if not can_view(request, EmailAccount):
        return []
    rows = EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True, status__in=USABLE).order_by("email")
    return [{"id": str(row.pk), "name": row.email} for row in rows[:LEADS_OFFERED]]


# The checklist


def _checklist(admin: LadModelAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Show the checklist. A POST starts the campaign."""
    if request.method == "POST":
        if not admin.has_change_permission(request, campaign):
            raise PermissionDenied
        try:
            with transaction.atomic():
                lifecycle.start(campaign=campaign, actor=access_of(request).user)
        except DomainError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(request.path)
        messages.success(request, f"{campaign} was started.")
        return HttpResponseRedirect(admin.change_url(campaign))
    items = checklist(campaign, now=timezone.now())
    page = {
        **_context(admin, request, "Checklist", campaign),
        "items": [(item, LEVEL_ICONS[item.level]) for item in items],
        "blocking": sum(item.level == Level.BLOCKING for item in items),
        "advice": sum(item.level == Level.ADVICE for item in items),
        "steps": drawing.drawing_of(campaign)["steps"],
        "leads": campaign.enrolments.count(),
        "is_draft": campaign.status == CampaignStatus.DRAFT,
        "may_start": campaign.status == CampaignStatus.DRAFT and admin.has_change_permission(request, campaign),
    }
    return TemplateResponse(request, "campaigns/editor/checklist.html", page)


def _check_links(request: HttpRequest, campaign: Campaign, found: Mapping[str, list[str]]) -> HttpResponse:
    """Ask the servers of the links in the messages, and say which do not work."""
    titles: dict[str, list[str]] = {}
    for title, urls in found.items():
        for url in urls:
            titles.setdefault(url, []).append(title)
    with outside_scope(request):
        reports = check_links(list(titles))
    wrong = [report for report in reports if report.problem]
    for report in wrong:
        steps = ", ".join(f"“{title}”" for title in titles[report.url])
        messages.warning(request, f"{steps}: {report.url}: {report.problem}")
    if not wrong:
        text = f"All its links work: {len(reports)}." if reports else "Its messages have no links."
        messages.success(request, text)
    return HttpResponseRedirect(reverse("admin:campaigns_campaign_checklist", args=(campaign.pk,)))


# A new campaign


def _gallery(admin: LadModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show the sequences to begin with."""
    shown = [(each, drawing.drawn(each.draft)) for each in library.sequences()]
    page = {
        **_context(admin, request, "New campaign"),
        "groups": [
            ("Shared by your colleagues", [pair for pair in shown if pair[0].is_shared]),
            ("Ready-made", [pair for pair in shown if not pair[0].is_shared]),
        ],
    }
    return TemplateResponse(request, "campaigns/editor/gallery.html", page)


def _new(admin: LadModelAdmin, request: HttpRequest, key: str) -> HttpResponse:
    """Ask for the name and the leads. A POST makes the campaign."""
    sequence = None if key == library.EMPTY else _sequence_or_404(key)
    form = NewCampaignForm.of(request, sequence)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                made = library.make_campaign(
                    sequence=sequence,
                    name=form.cleaned_data["name"],
                    actor=access_of(request).user,
                    leads=form.choice(),
                    linkedin_accounts=form.linkedin_accounts(),
                )
        except DomainError as error:
            _show(form, error)
        else:
            if made.enrolled is not None:
                messages.success(request, f"Leads: {made.enrolled}")
            following = "sequence" if sequence is None else "checklist"
            return HttpResponseRedirect(reverse(f"admin:campaigns_campaign_{following}", args=(made.campaign.pk,)))
    page = {
        **_context(admin, request, sequence.name if sequence else "Empty campaign"),
        "form": apply_widgets(form),
        "sequence": sequence,
        "steps": drawing.drawn(sequence.draft) if sequence else [],
        "count_url": reverse("admin:campaigns_campaign_count_leads"),
        "key": key,
    }
    return TemplateResponse(request, "campaigns/editor/new.html", page)


def _count(admin: LadModelAdmin, request: HttpRequest) -> HttpResponse:
    """Answer how many leads a choice has."""
    key = request.GET.get("sequence", library.EMPTY)
    sequence = None if key == library.EMPTY else _sequence_or_404(key)
    form = NewCampaignForm.of(request, sequence, data=request.GET)
    form.is_valid()
    return JsonResponse({"text": lead_count_words(form, access_of(request).tenant_id, sequence)})


def _sequence_or_404(key: str) -> library.StepSequence:
    return library.sequence_named(key)


def _show(form: NewCampaignForm, error: DomainError) -> None:
    errors = getattr(error, "errors", {})
    for name, texts in errors.items():
        form.add_error(name if name in form.fields else None, list(texts))
    if not errors:
        form.add_error(None, error.detail)
