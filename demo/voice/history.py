"""What the dialer left behind in the demo: rules of dialling, placements of past calls, and the days of numbers."""

from datetime import date, timedelta
from typing import Final

from django.conf import settings

from demo.demo_tenant import DemoTenant
from demo.voice.agents import AgentsAndNumbers
from demo.voice.calls import LIVE
from voice.batches.models import CallBatchEntry
from voice.calls.models import CallLog
from voice.dialer.models import CallPlacement, DialingPolicy, PlacementState
from voice.numbers.models import NumberDay, VoiceNumber
from voice.statuses import CALL_FINISHED, Direction

DAYS: Final = 14
AT_ONCE: Final = 12
# How much is called on a usual working day from one number: from, to.
PLACED: Final = (18, 74)
# The same on other days, and on the day that has just begun.
FEW: Final = (2, 9)
FRIDAY: Final = 5


def load(demo: DemoTenant, resources: AgentsAndNumbers) -> None:
    """Create the rules, a placement for each outbound call, and two weeks of days for each number."""
    DialingPolicy.objects.create(tenant=demo.tenant, max_concurrent=AT_ONCE, inbound_reserve=2)
    calls = CallLog.objects.filter(direction=Direction.OUTBOUND).defer("transcripts", "cost_breakdown")
    entries = {entry.call_log_id: entry for entry in CallBatchEntry.objects.filter(call_log__isnull=False)}
    under_way = set[str]()
    placements = []
    for call in calls.order_by("-created_at"):
        live = call.status in LIVE
        phone = call.phone.e164
        if live and (phone in under_way or settings.SANDBOX_URL):
            continue
        under_way |= {phone} if live else set()
        placements.append(_placement(demo, call, entries.get(call.pk)))
    CallPlacement.objects.bulk_create(placements, batch_size=200)
    NumberDay.objects.bulk_create(
        _day(demo, number, demo.now.date() - timedelta(days=ago)) for number in resources.numbers for ago in range(DAYS)
    )


def _placement(demo: DemoTenant, call: CallLog, entry: CallBatchEntry | None) -> CallPlacement:
    asked = call.created_at + timedelta(seconds=1)
    answered = call.started_at is not None
    return CallPlacement(
        **demo.created(call.created_at),
        tenant=demo.tenant,
        call_log=call,
        batch_id=entry.batch_id if entry is not None else None,
        entry=entry,
        agent_id=call.agent_id,
        number_id=call.from_number_id,
        to_phone=call.phone.e164,
        state=PlacementState.SETTLED if call.status in CALL_FINISHED else PlacementState.PLACED,
        attempts=1,
        asked_at=asked,
        placed_at=asked + timedelta(milliseconds=420),
        answered=answered,
        answered_at=call.started_at,
        answered_by=call.answered_by,
        cause=call.cause,
        if_answered=call.outcome,
        if_unanswered=call.outcome,
    )


def _day(demo: DemoTenant, number: VoiceNumber, day: date) -> NumberDay:
    usual = PLACED if day.isoweekday() <= FRIDAY and day != demo.now.date() else FEW
    placed = demo.random.randint(*usual)
    answered = int(placed * demo.random.uniform(0.22, 0.41))
    voicemails = int(placed * demo.random.uniform(0.1, 0.2))
    failed = int(placed * demo.random.uniform(0, 0.04))
    return NumberDay(
        tenant=demo.tenant,
        number=number,
        day=day,
        placed=placed,
        answered=answered,
        short=int(answered * demo.random.uniform(0.02, 0.15)),
        voicemails=voicemails,
        failed=failed,
        unanswered=max(placed - answered - voicemails - failed, 0),
        complaints=1 if demo.random.random() < 0.06 else 0,
        talk_seconds=answered * demo.random.randint(45, 130),
    )
