"""What the pages of all accounts on networks share: how an account stands, its use, and what can be done with it."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.db.models import DateField, DateTimeField, F, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce, Now
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from campaigns.accounts import checks, network_services
from campaigns.accounts.admin.account_panel import panel_of
from campaigns.accounts.admin.connecting import ConnectingPage
from campaigns.accounts.checks import Checked
from campaigns.accounts.models import AccountStatus, ActionCount, NetworkAccount
from campaigns.accounts.models.network import MAX_PER_DAY
from campaigns.accounts.network_connecting.attempts import gateway_id
from campaigns.accounts.network_services import is_through_gateway
from campaigns.accounts.network_use import LABELS
from campaigns.accounts.sandboxes import SANDBOX, is_sandbox
from campaigns.accounts.standing import TONES, standing_of
from campaigns.messages.models import Action, Message
from lad.admin.actions import row_action
from lad.admin.json_parts import JsonPartsAdmin, JsonPartsForm, Part
from lad.admin.permissions import can_view
from lad.tenancy.access import actor_of
from lad.types import Values

PERIODS: Final = {"day": "a day", "week": "in 7 days"}


def limits_form(actions: Iterable[Action]) -> type[JsonPartsForm]:
    """Return a form with a field for the own limit of each action, on a day and in seven days."""
    fields: dict[str, Any] = {}
    parts = {}
    for action in actions:
        for period, words in PERIODS.items():
            name = limit_field(action, period)
            fields[name] = forms.IntegerField(
                label=f"{LABELS[action]} {words}",
                required=False,
                min_value=1,
                max_value=MAX_PER_DAY,
                widget=UnfoldAdminIntegerFieldWidget(attrs={"placeholder": "LAD's careful limit"}),
            )
            parts[name] = Part("action_limits", (action.value, period))
    return type("LimitsForm", (JsonPartsForm,), {**fields, "parts": parts})


def limit_field(action: Action, period: str) -> str:
    return f"limit_{action.value}_{period}"


def limit_rows(actions: Iterable[Action]) -> list[tuple[str, ...]]:
    """Return the fields of the limits, those of one action side by side."""
    return [tuple(limit_field(action, period) for period in PERIODS) for action in actions]


def _stopped(row: NetworkAccount) -> bool:
    return row.deleted_at is None and not row.is_active and row.status != AccountStatus.DISCONNECTED


def _at_provider(row: NetworkAccount) -> bool:
    return row.deleted_at is None and bool(gateway_id(row))


class NetworkAccountAdmin(JsonPartsAdmin):
    """The pages of one kind of account."""

    area = "sending-accounts"
    notes = ["campaigns/admin/account_panel.html"]
    actions_detail = ["check_now", "pause", "resume", "disconnect"]
    list_select_related = ["tenant", "user"]

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["campaigns/accounts.css"]}

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        """Return the rows with what each did of its main action on its tenant's current day."""
        counts = ActionCount.objects.filter(
            tenant=OuterRef("tenant"), account_id=OuterRef("pk"), action=self.main_action, day=OuterRef("local_day")
        )
        local = Func(F("tenant__timezone"), Now(), function="timezone", output_field=DateTimeField())
        done = Coalesce(Subquery(counts.values("taken")[:1]), 0, output_field=IntegerField())
        return super().listed(request, rows).annotate(local_day=Cast(local, DateField())).annotate(done_today=done)

    main_action: ClassVar[Action] = Action.MESSAGE

    @display(description="Status", label=TONES, ordering="status")
    def status_label(self, obj: NetworkAccount) -> str:
        return standing_of(obj, now=timezone.now()).label

    @display(description="Sandbox", label={SANDBOX: "warning"})
    def sandbox(self, obj: NetworkAccount) -> str:
        return SANDBOX if is_sandbox(obj) else ""

    # Actions

    @row_action(
        "Check now",
        explanation="Asks the provider whether the account works. Nothing is sent.",
        when=_at_provider,
        icon="cable",
        asks=checks.check,
    )
    def check_now(self, request: HttpRequest, row: NetworkAccount, values: Values, checked: Checked) -> str | None:
        network_services.keep(account=row, checked=checked, actor=actor_of(request))
        return _said(request, row, checked, f"{row} works.")

    @row_action(
        "Pause",
        explanation="The account does nothing until somebody resumes it. What waits for it goes on waiting.",
        when=lambda row: row.deleted_at is None and row.is_active and row.status == AccountStatus.ACTIVE,
        icon="pause",
    )
    def pause(self, request: HttpRequest, row: NetworkAccount, values: Values) -> str:
        network_services.pause(account=row, actor=actor_of(request))
        return f"{row} is paused."

    @row_action(
        "Resume",
        explanation="LAD asks the provider whether the account works. If it does, it goes on, and is judged anew.",
        when=lambda row: _stopped(row) and _at_provider(row),
        icon="play_arrow",
        asks=checks.check,
    )
    def resume(self, request: HttpRequest, row: NetworkAccount, values: Values, checked: Checked) -> str | None:
        network_services.resume(account=row, checked=checked, actor=actor_of(request), now=timezone.now())
        return _said(request, row, checked, f"{row} is at work again.")

    @row_action(
        "Disconnect",
        explanation=(
            "Ends the connection at the provider. Campaigns no longer use the account; what it did stays. It can be"
            " connected again."
        ),
        when=lambda row: _at_provider(row) and row.status != AccountStatus.DISCONNECTED and is_through_gateway(row),
        icon="link_off",
        danger=True,
        asks=network_services.release,
    )
    def disconnect(self, request: HttpRequest, row: NetworkAccount, values: Values, answer: None) -> str:
        network_services.keep_disconnected(account=row, actor=actor_of(request))
        return f"{row} is disconnected."

    # Pages

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.connecting_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_connecting"
        return [path("<uuid:object_id>/connecting/", view, name=name), *super().get_urls()]

    def connecting_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return ConnectingPage(self, request, str(object_id)).response()

    def connecting_url(self, row: NetworkAccount) -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_connecting"
        return reverse(name, args=(row.pk,))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            may_change = self.has_change_permission(request, row)
            may_read = can_view(request, Message)
            panel = panel_of(row, connecting=self.connecting_url(row), may_change=may_change, may_read=may_read)
            context = {**context, "panel": panel}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"user": str(request.user.pk), **initial}

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go on with connecting the new account."""
        response = super().response_add(request, obj, post_url_continue)
        if not is_through_gateway(obj) or {"_addanother", "_continue", "_popup"} & set(request.POST):
            return response
        onward = HttpResponseRedirect(self.connecting_url(obj))
        for name, value in response.items():
            if name not in onward:
                onward[name] = value
        return onward


def _said(request: HttpRequest, row: NetworkAccount, checked: Checked, good: str) -> str | None:
    if checked.succeeded:
        return " ".join([good, *checked.notes])
    messages.error(request, checked.reason or f"{row} does not work.")
    return None
