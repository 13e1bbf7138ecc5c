"""What of the tenants domain needs somebody now."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lad.admin.dashboard import Card, Contribution, Line, Panel, contributes
from lad.admin.permissions import access_of
from lad.mail.models import MailDelivery, MailState
from lad.outbox import monitoring
from lad.outbox.admin.overview import human_lag
from lad.tenancy.context import require_scope
from tenants.activity.models import ActivityEntry
from tenants.teams.models import Membership, Tenant, TenantInvitation, TenantStatus

# A trial or an invitation that ends within this time is worth a look.
SOON: Final = timedelta(days=3)
# Behind by more than this, the outbox is no longer just busy.
SLOW: Final = timedelta(minutes=1)
LINES: Final = 8


@contributes
def contribution(request: HttpRequest) -> Contribution:
    now = timezone.now()
    access = access_of(request)
    found = Contribution()
    if access.platform:
        found.cards += [*_outbox_cards(), *_mail_cards(access.tenant_id), *_tenant_cards(access.tenant_id, now)]
    elif access.allows("team.view"):
        found.cards.append(_people_card())
    if access.allows("activity.view"):
        found.panels.append(_recent_activity())
    if access.allows("invitations.view"):
        found.cards.append(_invitation_card(now))
        found.panels.append(_open_invitations(now))
    if access.platform:
        found.panels.append(_ending_trials(access.tenant_id, now))
    return found


def _list(name: str, query: str = "") -> str:
    return reverse(f"admin:tenants_{name}_changelist") + (f"?{query}" if query else "")


def _outbox_cards() -> list[Card]:
    overview = monitoring.overview()
    lag = overview.oldest_lag
    slow = lag is not None and lag > SLOW
    waiting = overview.ready + overview.retrying + overview.parked
    return [
        Card(
            "Dead letters",
            f"{overview.dead:,}",
            "skull",
            "events a consumer gave up on" if overview.dead else "every event arrived",
            reverse("admin:outbox"),
            "danger" if overview.dead else "",
        ),
        Card(
            "Oldest event waiting",
            human_lag(lag) if lag is not None else "none",
            "hourglass_top",
            f"{waiting:,} deliveries under way",
            reverse("admin:outbox"),
            "warning" if slow else "",
        ),
    ]


def _mail_cards(tenant_id: Any) -> list[Card]:
    rows = MailDelivery.objects.filter(state__in=(MailState.UNKNOWN, MailState.FAILED))
    rows = rows.filter(tenant=tenant_id) if tenant_id else rows
    counts: dict[str, int] = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    unknown, failed = counts.get(MailState.UNKNOWN, 0), counts.get(MailState.FAILED, 0)
    return [
        Card(
            "Mail in doubt",
            f"{unknown:,}",
            "mark_email_unread",
            "sent or not? look, then send again" if unknown else "no sender vanished",
            _list("maildelivery", "state__exact=unknown"),
            "warning" if unknown else "",
        ),
        Card(
            "Mail failed",
            f"{failed:,}",
            "unsubscribe",
            "the server refused it" if failed else "none was refused",
            _list("maildelivery", "state__exact=failed"),
            "danger" if failed else "",
        ),
    ]


def _tenant_cards(tenant_id: Any, now: datetime) -> list[Card]:
    rows = Tenant.objects.filter(pk=tenant_id) if tenant_id else Tenant.objects.all()
    counts = rows.aggregate(
        open=Count("pk", filter=Q(status__in=(TenantStatus.ACTIVE, TenantStatus.TRIAL))),
        suspended=Count("pk", filter=Q(status=TenantStatus.SUSPENDED)),
        ending=Count("pk", filter=Q(status=TenantStatus.TRIAL, trial_ends_at__lte=now + SOON)),
    )
    until = (now + SOON).strftime("%Y-%m-%d")
    return [
        Card("Open tenants", f"{counts['open']:,}", "domain", "active or on trial", _list("tenant")),
        Card(
            "Suspended tenants",
            f"{counts['suspended']:,}",
            "pause_circle",
            "shut out until reactivated" if counts["suspended"] else "nobody is shut out",
            _list("tenant", "status__exact=suspended"),
            "warning" if counts["suspended"] else "",
        ),
        Card(
            "Trials ending",
            f"{counts['ending']:,}",
            "timer",
            f"within {SOON.days} days",
            _list("tenant", f"status__exact=trial&trial_ends_at_to_0={until}&trial_ends_at_to_1=23:59:59"),
            "info" if counts["ending"] else "",
        ),
    ]


def _people_card() -> Card:
    return Card("Members", f"{Membership.objects.count():,}", "group", "with a place in a tenant", _list("membership"))


def _open_rows(now: datetime) -> Any:
    return TenantInvitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)


def _invitation_card(now: datetime) -> Card:
    counts = _open_rows(now).aggregate(all=Count("pk"), soon=Count("pk", filter=Q(expires_at__lte=now + SOON)))
    return Card(
        "Invitations pending",
        f"{counts['all']:,}",
        "mail",
        f"{counts['soon']:,} expire within {SOON.days} days",
        _list("tenantinvitation", "status=pending"),
        "info" if counts["soon"] else "",
    )


def _ending_trials(tenant_id: Any, now: datetime) -> Panel:
    rows = Tenant.objects.filter(status=TenantStatus.TRIAL, trial_ends_at__isnull=False)
    rows = rows.filter(pk=tenant_id) if tenant_id else rows
    lines = [
        Line(
            row.name,
            row.get_plan_tier_display(),
            reverse("admin:tenants_tenant_change", args=(row.pk,)),
            row.trial_ends_at,
            *(("soon", "warning") if row.trial_ends_at <= now + SOON else ("", "")),
        )
        for row in rows.order_by("trial_ends_at")[:LINES]
    ]
    return Panel(
        "Trials, the next to end first",
        lines,
        "No tenant is on trial.",
        _list("tenant", "status__exact=trial"),
        "timer",
    )


def _open_invitations(now: datetime) -> Panel:
    lines = [
        Line(
            row.email,
            f"as {row.get_role_display().lower()}",
            reverse("admin:tenants_tenantinvitation_change", args=(row.pk,)),
            row.expires_at,
        )
        for row in _open_rows(now).order_by("expires_at")[:LINES]
    ]
    return Panel(
        "Invitations, the next to expire first",
        lines,
        "Nobody is invited at the moment.",
        _list("tenantinvitation", "status=pending"),
        "mail",
    )


def _recent_activity() -> Panel:
    # Each order has an index: within a tenant the moment, across tenants the time-ordered key.
    order = ["-occurred_at", "-pk"] if require_scope().tenant_id else ["-pk"]
    rows = ActivityEntry.objects.select_related("tenant").order_by(*order)[:LINES]
    lines = [
        Line(
            row.summary,
            row.tenant.name,
            reverse("admin:tenants_activityentry_change", args=(row.pk,)),
            row.occurred_at,
        )
        for row in rows
    ]
    return Panel("Recent activity", lines, "Nothing has happened yet.", _list("activityentry"), "rss_feed")
