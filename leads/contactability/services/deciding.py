"""Decide whether leads may be contacted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from lad.tenancy.context import current_tenant_id
from leads.channels import Channel
from leads.contactability import selectors
from leads.contactability.decisions import ContactWindow, Decision
from leads.contactability.judgement import judge, opening
from leads.contactability.models import Purpose


def decide(
    *,
    lead_ids: Sequence[UUID],
    channel: Channel,
    purpose: Purpose,
    at: datetime,
    windows: Mapping[UUID, ContactWindow] | ContactWindow | None = None,
    ignoring: Collection[UUID] = (),
    lock: bool = False,
    phones: Mapping[UUID, str] | None = None,
    is_message: bool = True,
) -> dict[UUID, Decision]:
    """Return for each lead of the current tenant whether it may be contacted: allow, defer until, or refuse.

    ``windows`` are hours that apply besides the tenant's policy: one for all, or one a lead. Touches whose source
    is in ``ignoring`` do not count. With ``lock`` the leads are locked until the transaction ends, so that two
    workers cannot both use up the last contact that a limit allows. ``phones`` are numbers in E.164 that are called in
    place of a lead's own: they say where the lead is, and may be suppressed as well. Runs in two round
    trips for any number of leads.

    An answer to the lead (``Purpose.SERVICE``) needs no consent and keeps to no hours or limits, but suppressions
    hold. A temporary suppression defers, as limits and hours do. What is no message (``is_message`` is False), such as
    a profile visit or a like, needs consent and keeps to suppressions and ``windows``, but not to the tenant's hours
    of contact and limits, which are about messages.
    """
    ids = list(dict.fromkeys(lead_ids))
    if not ids:
        return {}
    facts = selectors.read(
        tenant_id=current_tenant_id(),
        lead_ids=ids,
        channels=[channel],
        purpose=purpose,
        at=at,
        ignoring=ignoring,
        lock=lock,
        phones=phones,
    )
    return judge(facts, ids, channel=channel, purpose=purpose, at=at, windows=windows, is_message=is_message)


def decide_channels(
    *, tenant_id: UUID, lead_ids: Sequence[UUID], channels: Sequence[Channel], purpose: Purpose, at: datetime
) -> dict[str, dict[UUID, Decision]]:
    """Return the decisions for several channels, by channel. Runs in two round trips."""
    ids = list(dict.fromkeys(lead_ids))
    facts = selectors.read(tenant_id=tenant_id, lead_ids=ids, channels=channels, purpose=purpose, at=at)
    return {channel: judge(facts, ids, channel=channel, purpose=purpose, at=at, windows=None) for channel in channels}


def open_from(*, lead_id: UUID, at: datetime, phones: Mapping[UUID, str] | None = None) -> datetime:
    """Return the first moment from ``at`` on within the tenant's hours of contact where the lead is.

    Neither consent, suppressions nor limits are asked about. A lead that is gone has no hours. ``phones`` as for
    ``decide``.
    """
    facts = selectors.read(
        tenant_id=current_tenant_id(), lead_ids=[lead_id], channels=[], purpose=Purpose.SERVICE, at=at, phones=phones
    )
    return opening(facts, lead_id, at)
