"""The pages of message templates, with a preview beside the text."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST
from unfold.decorators import display

from campaigns.accounts.models import EmailAccount
from campaigns.templates import trials
from campaigns.templates.compiling import MAX_VARIANTS
from campaigns.templates.links import check_links, links_of
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.previews import Preview, document_of, preview
from campaigns.templates.variables import VARIABLES
from lad.admin.actions import Afterwards, row_action
from lad.admin.base import SharedModelAdmin, register
from lad.admin.permissions import can_view
from lad.errors import Invalid
from lad.jsontext import parse
from lad.tenancy.access import access_of
from leads.channels import Channel
from leads.contacts.models import Lead

FIELDS = [
    (None, {"fields": ["name", ("channel", "category"), ("template_key", "language"), "is_active", "description"]}),
    ("Message", {"fields": ["subject", "body", "html_content", "panel"], "classes": ["lad-beside"]}),
    ("Further variables", {"fields": ["variables_schema", "agent_id"]}),
]
# What a preview reads of the form.
TEXTS: Final = ("channel", "category", "language", "subject", "body", "html_content")
LEADS_OFFERED: Final = 20
NO_LEAD: Final = "No lead has this e-mail address. Samples are shown."
MAX_VARIANT: Final = 1_000_000


def trial_form(row: CommunicationTemplate) -> type[forms.Form]:
    """Return a form that asks which account sends a test, and for whom the message is filled."""
    accounts = EmailAccount.objects.filter(is_active=True).order_by("email")
    fields = {
        "account": forms.ModelChoiceField(accounts, label="From"),
        "lead": forms.EmailField(
            required=False, label="Filled for", help_text="A lead's e-mail address. Empty means samples."
        ),
    }
    return type("TrialForm", (forms.Form,), fields)


@register(CommunicationTemplate)
class CommunicationTemplateAdmin(SharedModelAdmin):
    area = "templates"
    section, icon, rank = "Campaigns", "drafts", 50
    empty_hint = "Write a message once and use it in the steps of your campaigns."
    list_display = ["name", "channel", "category", "language", "template_key", "is_active", "origin", "updated_at"]
    list_filter = ["channel", "is_active", "is_builtin", "created_at"]
    search_fields = ["name", "template_key"]
    add_fieldsets = FIELDS
    fieldsets = FIELDS
    readonly_fields = ["panel"]
    actions_detail = ["send_test", "check_links"]

    class Media:
        js = ["campaigns/template_editor.js"]

    def has_delete_permission(self, request: HttpRequest, obj: CommunicationTemplate | None = None) -> bool:
        builtin = isinstance(obj, CommunicationTemplate) and obj.is_builtin
        return not builtin and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_preview"
        view = self.admin_site.admin_view(require_POST(self.preview_view))
        return [path("preview/", view, name=name), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show the message as the form has it, for the lead with the e-mail address entered."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        values: dict[str, Any] = {name: request.POST.get(name, "") for name in TEXTS}
        row = CommunicationTemplate(**values, variables_schema=_object(request.POST.get("variables_schema", "")))
        address = request.POST.get("preview_lead", "").strip().lower()
        lead = _leads(request).filter(email=address).first() if address else None
        number = request.POST.get("preview_variant", "1")
        variant = int(number) if number.isdecimal() and len(number) < len(str(MAX_VARIANT)) else 1
        shown = preview(row, lead=lead, account=_account(request) if lead is not None else None, variant=variant)
        return HttpResponse(_shown(shown, lead_problem=NO_LEAD if address and lead is None else ""))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Offer the leads that were active last for the preview."""
        leads = _leads(request).exclude(email="").order_by("-last_activity_on")[:LEADS_OFFERED]
        vars(context["adminform"].form.instance)["preview_leads"] = list(leads)
        return super().render_change_form(request, context, *args, **kwargs)

    @row_action(
        "Send a test",
        explanation="The message goes to your own address, marked as a test. It counts nowhere.",
        form=trial_form,
        when=lambda row: row.channel == Channel.EMAIL and row.deleted_at is None,
        icon="forward_to_inbox",
    )
    def send_test(self, request: HttpRequest, row: CommunicationTemplate, values: dict[str, Any]) -> Afterwards[str]:
        account, address = values["account"], values["lead"].strip().lower()
        lead = _leads(request).filter(email=address).first() if address else None
        if address and lead is None:
            raise Invalid(errors={"lead": ["No lead has this e-mail address."]})
        user = access_of(request).user
        shown = preview(row, lead=lead, account=account)
        message = trials.trial_message(shown=shown, account=account, user=user, now=timezone.now())

        def send() -> str:
            message.send()
            return f"The test was sent to {user.email}."

        return Afterwards(send)

    @row_action(
        "Check links",
        explanation="Asks the server of each link whether there is such a page.",
        permission="view",
        icon="link",
    )
    def check_links(
        self, request: HttpRequest, row: CommunicationTemplate, values: dict[str, Any]
    ) -> Afterwards[str | None]:
        shown = preview(row)
        links = links_of(shown.body, shown.html)

        def ask() -> str | None:
            reports = check_links(links)
            wrong = [report for report in reports if report.problem]
            for report in wrong:
                messages.warning(request, f"{report.url}: {report.problem}")
            if wrong:
                return None
            return f"All its links work: {len(reports)}." if reports else "It has no links."

        return Afterwards(ask)

    @display(description="Origin", label={"Built in": "info", "Shared": "info", "Own": "default"})
    def origin(self, obj: CommunicationTemplate) -> str:
        if obj.tenant_id is not None:
            return "Own"
        return "Built in" if obj.is_builtin else "Shared"

    @display(description="Preview")
    def panel(self, obj: CommunicationTemplate | None) -> SafeString:
        row = obj or CommunicationTemplate()
        context = {
            "url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_preview"),
            "variables": [{"label": each.label, "code": f"{{{{ {each.name} }}}}"} for each in VARIABLES],
            "preview": _shown(preview(row)) if row.body or row.subject else "",
            "leads": vars(row).get("preview_leads", []),
        }
        return mark_safe(render_to_string("campaigns/template_panel.html", context))  # noqa: S308  (a template escapes)


def _shown(found: Preview, *, lead_problem: str = "") -> SafeString:
    context = {
        "preview": found,
        "document": document_of(found),
        "lead_problem": lead_problem,
        "most_variants": MAX_VARIANTS,
    }
    return mark_safe(render_to_string("campaigns/template_preview.html", context))  # noqa: S308  (a template escapes)


def _leads(request: HttpRequest) -> QuerySet[Lead]:
    rows: QuerySet[Lead] = Lead.objects.all()
    return rows if access_of(request).tenant_id is not None and can_view(request, Lead) else rows.none()


def _account(request: HttpRequest) -> EmailAccount | None:
    """Return the caller's own e-mail account, or else another one of the tenant."""
    rows = list(EmailAccount.objects.filter(is_active=True).order_by("created_at"))
    own = [row for row in rows if row.user_id == access_of(request).user.pk]
    return next(iter([*own, *rows]), None)


def _object(text: str) -> dict[str, Any]:
    try:
        found = parse(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
