"""The pages of mailboxes: their state in words, today's use, tests, and the connection with Google or Microsoft."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.accounts import connecting, health, services
from campaigns.accounts.mailbox import oauth
from campaigns.accounts.mailbox.hosts import is_sandbox
from campaigns.accounts.models import EmailAccount, EmailAccountStatus, EmailSignIn
from campaigns.accounts.pacing import limits_of
from campaigns.accounts.services import Trial
from campaigns.formatting import usage_bar
from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.errors import DomainError
from lad.tenancy.access import actor_of
from lad.tenancy.middleware import outside_scope
from lad.types import Values

ATTEMPT: Final = "mailbox_attempt"
PROVIDERS: Final = (EmailSignIn.GOOGLE, EmailSignIn.MICROSOFT)
STATUS_COLOURS: Final = {
    EmailAccountStatus.UNTESTED.label: "default",
    EmailAccountStatus.CONNECTED.label: "success",
    EmailAccountStatus.SIGN_IN_FAILED.label: "danger",
    EmailAccountStatus.REVOKED.label: "danger",
    EmailAccountStatus.UNREACHABLE.label: "warning",
    EmailAccountStatus.PAUSED.label: "danger",
    EmailAccountStatus.HALTED.label: "danger",
}
GRADES: Final = {"good": "In order", "improve": "Improve", "missing": "Missing", "unknown": "Not known"}


@register(EmailAccount)
class EmailAccountAdmin(TenantModelAdmin):
    area = "sending-accounts"
    section, icon, rank = "Campaigns", "alternate_email", 60
    empty_hint = "Campaigns send mail from the addresses that you connect here."
    list_display = ["email", "status_label", "is_active", "today", "smtp_host", "sandbox", "created_at"]
    list_select_related = ["tenant"]
    list_filter = ["status", "is_active", "sign_in", "user", "created_at"]
    search_fields = ["email"]
    actions_detail = ["resume", "test_connection", "check_records"]
    fieldsets = [
        (None, {"fields": ["email", ("from_name", "user"), ("is_active", "sandbox"), "signature"]}),
        ("State", {"fields": ["status_label", "status_reason", "connect", "saves_sent"]}),
        ("Sending", {"fields": [("smtp_host", "smtp_port"), "smtp_secure", "smtp_username", "smtp_password"]}),
        (
            "Reading",
            {"fields": ["reading", ("imap_host", "imap_port"), "imap_secure", "imap_username", "imap_password"]},
        ),
        (
            "Use",
            {
                "fields": [
                    "today",
                    ("daily_send_limit", "min_gap_seconds"),
                    ("ramp_up_from", "next_send_at"),
                    "last_reset_date",
                ]
            },
        ),
        ("Protection", {"fields": ["reputation", "health_window", ("max_bounces", "max_complaints")]}),
        ("Domain", {"fields": ["records", "dns_checked_at", "tracking_domain"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = [
        "status_label", "status_reason", "connect", "sandbox", "saves_sent", "today", "next_send_at", "last_reset_date",
        "records", "dns_checked_at", "reading", "reputation",
    ]  # fmt: skip

    # Columns

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def status_label(self, obj: EmailAccount) -> str:
        return str(obj.get_status_display())

    @display(description="Sent today")
    def today(self, obj: EmailAccount) -> SafeString:
        limits = limits_of(obj, zone=obj.tenant.timezone, now=timezone.now())
        bar = usage_bar(limits.used, limits.allowed)
        if not limits.ramping_up:
            return bar
        return format_html('{} <span class="lad-hint">ramping up to {}</span>', bar, obj.daily_send_limit)

    @display(description="Bounces and complaints")
    def reputation(self, obj: EmailAccount) -> str:
        found = health.health_of(obj)
        return (
            f"Of the last {found.window:,} messages {found.bounces:,} bounced ({found.max_bounces:,} may) and"
            f" {found.complaints:,} were reported as spam ({found.max_complaints:,} may)."
        )

    @display(description="Sandbox", label={"Sandbox": "warning"})
    def sandbox(self, obj: EmailAccount) -> str:
        return "Sandbox" if is_sandbox(obj.smtp_host) else ""

    @display(description="Last read")
    def reading(self, obj: EmailAccount) -> str | SafeString:
        """Say when the mailbox was last read, and why it cannot be read."""
        if not obj.imap_host:
            return "Not read: it has no server for reading. LAD sees no answers to its messages."
        state = obj.mailbox_state
        read_at = parse_datetime(str(state.get("read_at", "")))
        shown = formats.date_format(timezone.localtime(read_at), "DATETIME_FORMAT") if read_at else "Not read yet."
        problem = str(state.get("problem", ""))
        if not problem:
            return shown
        text = '{}<br><span class="lad-strong">{}</span> <span class="lad-hint">LAD tries again by itself.</span>'
        return format_html(text, shown, problem)

    @display(description="Records of the domain")
    def records(self, obj: EmailAccount) -> str | SafeString:
        findings = obj.dns_report.get("findings", [])
        if not findings:
            return "Not checked yet."
        rows = (
            (each["record"], GRADES.get(each["grade"], each["grade"]), each["found"], each["advice"])
            for each in findings
        )
        lines = '<p><span class="lad-strong">{}: {}</span> <span class="lad-hint">{}</span><br>{}</p>'
        return format_html_join("", lines, rows)

    @display(description="Connect")
    def connect(self, obj: EmailAccount) -> str | SafeString:
        offered = [provider for provider in PROVIDERS if oauth.is_set_up(provider)]
        if not offered or obj.pk is None:
            return "With a user name and password."
        links = ((self._address("connect", obj.pk, each), f"Connect with {oauth.NAMES[each]}") for each in offered)
        return format_html_join(" · ", '<a class="lad-link" href="{}">{}</a>', links)

    # Actions

    @row_action(
        "Test connection",
        explanation="Signs in to both servers and finds the mailbox of sent messages. Nothing is sent.",
        when=lambda row: row.deleted_at is None,
        icon="cable",
        asks=lambda row: services.try_connection(account=row),
    )
    def test_connection(self, request: HttpRequest, row: EmailAccount, values: Values, trial: Trial) -> str | None:
        outcome = services.keep_trial(account=row, trial=trial, actor=actor_of(request))
        if outcome.succeeded:
            return " ".join([f"{row.email} is connected.", *outcome.notes])
        messages.error(request, outcome.reason)
        return None

    @row_action(
        "Check the domain",
        explanation="Looks up the records by which receivers judge your mail: SPF, DKIM, DMARC and MX.",
        when=lambda row: row.deleted_at is None,
        icon="dns",
        asks=lambda row: services.look_up_records(account=row),
    )
    def check_records(self, request: HttpRequest, row: EmailAccount, values: Values, report: Mapping[str, Any]) -> str:
        services.keep_records(account=row, report=report)
        return "The records were checked. The page shows what to change."

    @row_action(
        "Resume",
        explanation="The account sends again, and its bounces and complaints are counted anew.",
        when=lambda row: row.deleted_at is None and row.status == EmailAccountStatus.HALTED,
        icon="play_arrow",
    )
    def resume(self, request: HttpRequest, row: EmailAccount, values: Values) -> str:
        health.resume(account=row, actor=actor_of(request))
        return f"{row.email} sends again."

    # Connecting with Google and Microsoft

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/connect/<str:provider>/", view(self.connect_view), name=f"{name}_connect"),
            path("connected/", view(self.connected_view), name=f"{name}_connected"),
            *super().get_urls(),
        ]

    def connect_view(self, request: HttpRequest, object_id: str, provider: str) -> HttpResponse:
        """Send the user to the provider's page. What they return with must fit what their session keeps."""
        row = self._changeable(request, object_id)
        try:
            address, attempt = connecting.begin(
                account=row, provider=EmailSignIn(provider), redirect_uri=self._redirect_uri(request)
            )
        except (DomainError, ValueError) as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(self.change_url(row))
        request.session[ATTEMPT] = attempt.as_json()
        return HttpResponseRedirect(address)

    def connected_view(self, request: HttpRequest) -> HttpResponse:
        """Take the user back from the provider's page, connect the account and test it."""
        kept = request.session.pop(ATTEMPT, None)
        attempt = oauth.Attempt(**kept) if kept else None
        if attempt is None:
            messages.error(request, connecting.OTHER_ATTEMPT)
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:campaigns_emailaccount_changelist"))
        row = self._changeable(request, attempt.account_id)
        provider, state, code = EmailSignIn(attempt.provider), request.GET.get("state", ""), request.GET.get("code", "")
        try:
            redirect_uri = self._redirect_uri(request)
            with outside_scope(request):
                tokens = connecting.tokens_for(attempt=attempt, state=state, code=code, redirect_uri=redirect_uri)
            with self.row_scope(request, row):
                connecting.connect(account=row, provider=provider, tokens=tokens, actor=actor_of(request))
            with outside_scope(request):
                trial = services.try_connection(account=row)
            with self.row_scope(request, row):
                outcome = services.keep_trial(account=row, trial=trial, actor=actor_of(request))
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            if outcome.succeeded:
                messages.success(request, f"{row.email} is connected.")
            else:
                messages.error(request, outcome.reason)
        return HttpResponseRedirect(self.change_url(row))

    def _changeable(self, request: HttpRequest, object_id: str) -> EmailAccount:
        row: EmailAccount = self.get_row_or_404(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return row

    def _redirect_uri(self, request: HttpRequest) -> str:
        return request.build_absolute_uri(reverse(f"{self.admin_site.name}:campaigns_emailaccount_connected"))

    def _address(self, name: str, *args: Any) -> str:
        return reverse(f"{self.admin_site.name}:campaigns_emailaccount_{name}", args=args)
