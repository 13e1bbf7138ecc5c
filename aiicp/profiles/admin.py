"""Admin pages of customer profiles."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from aiicp.conversations.models import Conversation
from aiicp.extraction.slots import Slots
from aiicp.ownership import may_change, visible_conversations, visible_profiles
from aiicp.profiles import services
from aiicp.profiles.content import CRITERION_LABELS, compare, content_of, lines, weights_of
from aiicp.profiles.forms import GROUPS, ProfileForm
from aiicp.profiles.models import IcpProfile, IcpProfileVersion
from aiicp.profiles.search_page import find_url
from aiicp.scoring import services as scoring
from lad import writes
from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.json_view import chips
from lad.admin.lists import computed_once
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from lad.times import written
from leads.companies.finding.admin.page import may_see as may_find

MAX_VERSIONS_SHOWN: Final = 50
MAX_CHIPS_IN_LIST: Final = 6
MAX_OFFERED: Final = 50
ONLY_SHOWN: Final = ("criteria", "weights_shown")


class CopyForm(forms.Form):
    """The name of a copy, and who sees it."""

    name = forms.CharField(max_length=255)
    is_shared = forms.BooleanField(required=False, label="Shared", help_text="Whether everybody sees and uses it.")


def copy_form(row: IcpProfile) -> type[forms.Form]:
    """Return the form of a copy, with a name to begin with."""
    name = forms.CharField(max_length=255, initial=services.COPY.format(name=row.name)[:255])
    shared = forms.BooleanField(required=False, label="Shared", initial=row.is_shared)
    return type("CopyOf", (CopyForm,), {"name": name, "is_shared": shared})


def version_form(row: IcpProfile) -> type[forms.Form]:
    """Return the form that asks for one of a profile's earlier versions."""
    found = earlier_versions(row)
    choices = [(each.number, f"Version {each.number}, until {written(each.created_at)}") for each in found]
    field = forms.TypedChoiceField(choices=choices, coerce=int, label="Version")
    return type("VersionOf", (forms.Form,), {"number": field})


def earlier_versions(row: IcpProfile) -> QuerySet[IcpProfileVersion]:
    """Return the newest of a profile's earlier versions."""
    rows: QuerySet[IcpProfileVersion] = IcpProfileVersion.objects.filter(tenant=row.tenant_id, profile=row.pk)
    return rows.order_by("-number")[:MAX_VERSIONS_SHOWN]


@register(IcpProfile)
class IcpProfileAdmin(TenantModelAdmin):
    area = "assistant"
    section, icon, rank = "Assistant", "person_search", 30
    global_search = True
    form = ProfileForm
    empty_hint = "Save a profile from a conversation with the assistant, or add one by hand."
    list_display = ["name", "ideal_customer", "user", "is_shared", "is_active", "usage_count", "last_used_at"]
    list_filter = ["is_active", "is_shared", "scores_leads", "user", "created_at"]
    add_fieldsets = [(None, {"fields": ["user", *GROUPS[0][1]["fields"]]}), *GROUPS[1:]]
    fieldsets = [
        *GROUPS,
        ("Versions", {"fields": ["versions"]}),
        (
            "Usage",
            {"fields": ["user", ("is_shared", "scores_leads"), ("usage_count", "last_used_at"), "source_conversation"]},
        ),
    ]
    readonly_fields = ["versions"]
    actions_detail = [
        "find_people",
        "score_leads",
        "stop_scoring",
        "duplicate",
        "share",
        "make_private",
        "compare_with",
        "restore_version",
    ]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return visible_profiles(access_of(request), rows)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.comparison)
        return [path("<uuid:object_id>/comparison/", page, name="aiicp_icpprofile_comparison"), *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: IcpProfile | None = None) -> Any:
        """Return the form, or for people who may only look what it says."""
        if obj is None:
            return super().get_fieldsets(request, obj)
        hidden = [] if self._shows_source(request, obj) else ["source_conversation"]
        fieldsets = super().get_fieldsets(request, obj)
        if not self.has_change_permission(request, obj):
            shown = {"fields": ["name", "description", "is_active", *ONLY_SHOWN]}
            fieldsets = [(None, shown), *fieldsets[len(GROUPS) :]]
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name not in hidden]})
            for title, options in fieldsets
        ]

    def has_change_permission(self, request: HttpRequest, obj: IcpProfile | None = None) -> bool:
        return self._may_change(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: IcpProfile | None = None) -> bool:
        return self._may_change(request, obj) and super().has_delete_permission(request, obj)

    def _may_change(self, request: HttpRequest, obj: IcpProfile | None) -> bool:
        return not isinstance(obj, IcpProfile) or obj.is_shared or self._owns(request, obj)

    def _owns(self, request: HttpRequest, obj: IcpProfile) -> bool:
        return access_of(request).unlimited or may_change(obj.user_id, access_of(request).user)

    def _shows_source(self, request: HttpRequest, obj: IcpProfile) -> bool:
        """Return whether the caller may see the conversation the profile came from. Its title is private."""
        rows = Conversation.objects.filter(pk=obj.source_conversation_id)
        return obj.source_conversation_id is None or visible_conversations(access_of(request), rows).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: IcpProfile | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "user" in readonly else [*readonly, "user"]

    @display(description="Ideal customer")
    def ideal_customer(self, obj: IcpProfile) -> SafeString:
        slots = Slots.from_icp_data(obj.icp_data)
        found = [*slots.titles, *slots.departments, *slots.industries, *slots.locations, *slots.keywords]
        return chips(found[:MAX_CHIPS_IN_LIST])

    @display(description="Ideal customer")
    def criteria(self, obj: IcpProfile) -> SafeString:
        found = [(label, values) for name, label, values in lines(content_of(obj)) if values and "." not in name]
        rows = '<div class="lad-json-row"><dt>{}</dt><dd>{}</dd></div>'
        inside = format_html_join("", rows, ((label, chips(values)) for label, values in found[1:]))
        return format_html('<dl class="lad-json-rows">{}</dl>', inside)

    @display(description="Weights of the score")
    def weights_shown(self, obj: IcpProfile) -> SafeString:
        return chips(f"{CRITERION_LABELS[name]}: {weight}" for name, weight in weights_of(obj.weights).items())

    @display(description="Earlier versions")
    @computed_once
    def versions(self, obj: IcpProfile) -> SafeString:
        found = list(earlier_versions(obj).select_related("replaced_by_user"))
        if not found:
            return format_html('<span class="lad-hint">{}</span>', "It has not been changed yet.")
        return format_html('<table class="lad-table">{}</table>', _version_rows(obj, found))

    def comparison(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Show a profile beside another one, or beside a version of its own."""
        row = self.get_row_or_404(request, str(object_id))
        other = self.get_row_or_404(request, request.GET["with"]) if "with" in request.GET else row
        number = request.GET.get("version", "")
        with self.row_scope(request, row):
            right = _version(other, number)
            others = self.get_queryset(request).filter(tenant=row.tenant_id, deleted_at__isnull=True)
            offered = list(others.exclude(pk=row.pk).order_by("-created_at")[:MAX_OFFERED])
            versions = list(earlier_versions(row))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": "Comparison",
            "subtitle": str(row),
            "opts": self.opts,
            "back": self.change_url(row),
            "left": f"{row.name}, version {row.version}",
            "right": f"{right.name}, version {number or other.version}",
            "chosen": other != row or number,
            "differences": compare(content_of(row), content_of(right)),
            "offered": offered,
            "versions": versions,
        }
        return TemplateResponse(request, "aiicp/admin/comparison.html", context)

    @action(description="Find people", icon="travel_explore", permissions=["find"])
    def find_people(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the search with the profile's filters, and count that it was used."""
        row = self.get_row_or_404(request, object_id)
        try:
            services.use(profile=row, actor=access_of(request).user)
        except services.ProfileInactive as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(self.change_url(row))
        return HttpResponseRedirect(find_url(row.search_params))

    def has_find_permission(self, request: HttpRequest, obj: IcpProfile | None = None) -> bool:
        return access_of(request).tenant_id is not None and may_find(request)

    @action(description="Compare", icon="compare_arrows")
    def compare_with(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the comparison, which asks what to compare the profile with."""
        row = self.get_row_or_404(request, object_id)
        return HttpResponseRedirect(reverse("admin:aiicp_icpprofile_comparison", args=(row.pk,)))

    @row_action(
        "Duplicate", form=copy_form, permission="add", when=lambda row: not is_deleted(row), icon="content_copy"
    )
    def duplicate(self, request: HttpRequest, row: IcpProfile, values: dict[str, Any]) -> str:
        copied = services.duplicate(profile=row, actor=access_of(request).user, **values)
        return f"It was copied as “{copied.name}”."

    @row_action(
        "Share",
        explanation="Everybody in the tenant then sees it, searches with it and may change it.",
        permission="own",
        when=lambda row: not row.is_shared and not is_deleted(row),
        icon="group",
    )
    def share(self, request: HttpRequest, row: IcpProfile, values: dict[str, Any]) -> str:
        writes.update(row, {"is_shared": True}, actor=access_of(request).user)
        return f"{row} is shared with the tenant."

    @row_action(
        "Make private",
        explanation="Nobody but its owner and those who oversee the assistant then sees it.",
        permission="own",
        when=lambda row: row.is_shared and not row.scores_leads and not is_deleted(row),
        icon="lock",
        seldom=True,
    )
    def make_private(self, request: HttpRequest, row: IcpProfile, values: dict[str, Any]) -> str:
        writes.update(row, {"is_shared": False}, actor=access_of(request).user)
        return f"{row} is private."

    @row_action(
        "Score leads",
        explanation="The list of leads then shows how well each lead fits this profile, and everybody can sort and"
        " filter by it. All leads are scored in the background now, and each lead again when it changes.",
        when=lambda row: row.is_shared and not is_deleted(row),
        icon="target",
    )
    def score_leads(self, request: HttpRequest, row: IcpProfile, values: dict[str, Any]) -> str:
        job = scoring.choose(profile=row, access=access_of(request))
        return f"{job.title}: it runs in the background." if job else "It scores leads as soon as there are some."

    @row_action(
        "Stop scoring leads",
        explanation="The list of leads then shows no scores.",
        when=lambda row: row.scores_leads and not is_deleted(row),
        icon="block",
        danger=True,
        seldom=True,
    )
    def stop_scoring(self, request: HttpRequest, row: IcpProfile, values: dict[str, Any]) -> str:
        scoring.stop_scoring(profile=row, access=access_of(request))
        return "The list of leads shows no scores any more."

    def has_own_permission(self, request: HttpRequest, obj: IcpProfile | None = None) -> bool:
        owns = not isinstance(obj, IcpProfile) or self._owns(request, obj)
        return owns and super().has_change_permission(request, obj)

    @row_action(
        "Restore a version",
        explanation="The profile then says again what it said in that version. What it says now is kept as well.",
        form=version_form,
        when=lambda row: row.version > 1 and not is_deleted(row),
        icon="history",
        seldom=True,
    )
    def restore_version(self, request: HttpRequest, row: IcpProfile, values: dict[str, Any]) -> str:
        services.restore_version(profile=row, number=values["number"], actor=access_of(request).user)
        return f"{row} says again what it said in version {values['number']}."


def _version(profile: IcpProfile, number: str) -> IcpProfile | IcpProfileVersion:
    """Return the version that the address names, or the profile as it is. Raises Http404."""
    if not number:
        return profile
    try:
        return services.version_of(profile, int(number) if number.isascii() and number.isdigit() else 0)
    except services.NoSuchVersion as error:
        raise Http404 from error


def _version_rows(profile: IcpProfile, found: Iterable[IcpProfileVersion]) -> SafeString:
    address = reverse("admin:aiicp_icpprofile_comparison", args=(profile.pk,))
    rows = (
        '<tr><td>Version {}</td><td>until {}</td><td>{}</td><td><a class="lad-link" href="{}?{}">Compare</a></td></tr>'
    )
    return format_html_join(
        "",
        rows,
        (
            (
                each.number,
                written(each.created_at),
                f"changed by {each.replaced_by_user.full_name}" if each.replaced_by_user else "",
                address,
                urlencode({"version": each.number}),
            )
            for each in found
        ),
    )


@register(IcpProfileVersion)
class IcpProfileVersionAdmin(ReadOnlyAdmin):
    area = "assistant"
    section, icon, rank = "Assistant", "history", 35
    list_display = ["profile", "number", "name", "replaced_by_user", "created_at"]
    list_filter = ["created_at"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return visible_profiles(access_of(request), rows, path="profile__")
