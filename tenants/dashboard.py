"""The tenants app's part of the admin dashboard."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lad.admin.dashboard import Card, Contribution, Panel, PanelLine, contributes_to_dashboard
from lad.mail.models import MailDelivery, MailState
from lad.outbox import monitoring
from lad.outbox.admin.overview import human_lag
from lad.tenancy.access import access_of
from lad.tenancy.context import require_scope
from tenants.activity.models import ActivityEntry
from tenants.teams.models import Membership, Tenant, TenantInvitation, TenantStatus

# Trials and invitations that end within this time are highlighted.
SOON: Final = timedelta(days=3)
# An outbox further behind than this is shown as a warning.
SLOW: Final = timedelta(minutes=1)
MAX_LINES: Final = 8


@contributes_to_dashboard
def contribution(request: HttpRequest) -> Contribution:
    """Return the cards and panels that the user may see."""
    now = timezone.now()
    access = access_of(request)
    result = Contribution()
    if access.unlimited:
        result.cards += [*_outbox_cards(), *_mail_cards(access.tenant_id)]
    if access.platform:
        result.cards += _tenant_cards(access.tenant_id, now) if access.allows("tenant.view") else []
    elif access.allows("team.view"):
        result.cards.append(_people_card())
    if access.allows("activity.view"):
        result.panels.append(_recent_activity())
    if access.allows("invitations.view"):
        result.cards.append(_invitation_card(now))
        result.panels.append(_open_invitations(now))
    if access.platform and access.allows("tenant.view"):
        result.panels.append(_ending_trials(access.tenant_id, now))
    return result


def _list_url(model: type[Model], query: str = "") -> str:
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist") + (f"?{query}" if query else "")


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
            "events a consumer gave up on" if overview.dead else "every event was delivered",
            reverse("admin:outbox"),
            "danger" if overview.dead else "",
        ),
        Card(
            "Oldest event waiting",
            human_lag(lag) if lag is not None else "none",
            "hourglass_top",
            f"{waiting:,} deliveries waiting",
            reverse("admin:outbox"),
            "warning" if slow else "",
        ),
    ]


def _mail_cards(tenant_id: UUID | None) -> list[Card]:
    rows = MailDelivery.objects.filter(state__in=(MailState.UNKNOWN, MailState.FAILED))
    rows = rows.filter(tenant=tenant_id) if tenant_id else rows
    counts: dict[str, int] = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    unknown, failed = counts.get(MailState.UNKNOWN, 0), counts.get(MailState.FAILED, 0)
    return [
        Card(
            "Mail in doubt",
            f"{unknown:,}",
            "mark_email_unread",
            "may have been sent: check, then send again" if unknown else "no sender crashed",
            _list_url(MailDelivery, "state__exact=unknown"),
            "warning" if unknown else "",
        ),
        Card(
            "Mail failed",
            f"{failed:,}",
            "unsubscribe",
            "refused by the mail server" if failed else "none was refused",
            _list_url(MailDelivery, "state__exact=failed"),
            "danger" if failed else "",
        ),
    ]


def _tenant_cards(tenant_id: UUID | None, now: datetime) -> list[Card]:
    rows = Tenant.objects.filter(pk=tenant_id) if tenant_id else Tenant.objects.all()
    counts = rows.aggregate(
        open=Count("pk", filter=Q(status__in=(TenantStatus.ACTIVE, TenantStatus.TRIAL))),
        suspended=Count("pk", filter=Q(status=TenantStatus.SUSPENDED)),
        ending=Count("pk", filter=Q(status=TenantStatus.TRIAL, trial_ends_at__lte=now + SOON)),
    )
    until = (now + SOON).strftime("%Y-%m-%d")
    return [
        Card("Open tenants", f"{counts['open']:,}", "domain", "active or on trial", _list_url(Tenant)),
        Card(
            "Suspended tenants",
            f"{counts['suspended']:,}",
            "pause_circle",
            "no access until reactivated" if counts["suspended"] else "none is suspended",
            _list_url(Tenant, "status__exact=suspended"),
            "warning" if counts["suspended"] else "",
        ),
        Card(
            "Trials ending",
            f"{counts['ending']:,}",
            "timer",
            f"within {SOON.days} days",
            _list_url(Tenant, f"status__exact=trial&trial_ends_at_to_0={until}&trial_ends_at_to_1=23:59:59"),
            "info" if counts["ending"] else "",
        ),
    ]


def _people_card() -> Card:
    return Card("Members", f"{Membership.objects.count():,}", "group", "users in this tenant", _list_url(Membership))


def _pending_invitations(now: datetime) -> QuerySet[TenantInvitation]:
    rows: QuerySet[TenantInvitation] = TenantInvitation.objects.filter(
        accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
    )
    return rows


def _invitation_card(now: datetime) -> Card:
    counts = _pending_invitations(now).aggregate(
        all=Count("pk"), soon=Count("pk", filter=Q(expires_at__lte=now + SOON))
    )
    return Card(
        "Invitations pending",
        f"{counts['all']:,}",
        "mail",
        f"{counts['soon']:,} expire within {SOON.days} days",
        _list_url(TenantInvitation, "status=pending"),
        "info" if counts["soon"] else "",
    )


def _ending_trials(tenant_id: UUID | None, now: datetime) -> Panel:
    rows = Tenant.objects.filter(status=TenantStatus.TRIAL, trial_ends_at__isnull=False)
    rows = rows.filter(pk=tenant_id) if tenant_id else rows
    lines = [
        PanelLine(
            row.name,
            row.get_plan_tier_display(),
            reverse("admin:tenants_tenant_change", args=(row.pk,)),
            row.trial_ends_at,
            *(("soon", "warning") if row.trial_ends_at <= now + SOON else ("", "")),
        )
        for row in rows.order_by("trial_ends_at")[:MAX_LINES]
    ]
    return Panel(
        "Trials ending next",
        lines,
        "No tenant is on trial.",
        _list_url(Tenant, "status__exact=trial"),
        "timer",
    )


def _open_invitations(now: datetime) -> Panel:
    lines = [
        PanelLine(
            row.email,
            f"as {row.get_role_display().lower()}",
            reverse("admin:tenants_tenantinvitation_change", args=(row.pk,)),
            row.expires_at,
        )
        for row in _pending_invitations(now).order_by("expires_at")[:MAX_LINES]
    ]
    return Panel(
        "Invitations expiring next",
        lines,
        "No invitation is pending.",
        _list_url(TenantInvitation, "status=pending"),
        "mail",
    )


def _recent_activity() -> Panel:
    # Both orders have an index: the time within a tenant, the time-ordered key across tenants.
    order = ["-occurred_at", "-pk"] if require_scope().tenant_id else ["-pk"]
    rows = ActivityEntry.objects.select_related("tenant").order_by(*order)[:MAX_LINES]
    lines = [
        PanelLine(
            row.summary,
            row.tenant.name,
            reverse("admin:tenants_activityentry_change", args=(row.pk,)),
            row.occurred_at,
        )
        for row in rows
    ]
    return Panel("Recent activity", lines, "Nothing has happened yet.", _list_url(ActivityEntry), "rss_feed")
