"""Choose the number that calls: permitted, for this destination, near the person, and not called out for today.

Numbers take turns: of those that may call, the one that has used the least of its day does. No number is reserved for
a call, so that few numbers can carry many calls.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from heapq import heapify, heappop
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count

from lad import times
from lad.db.columns import Columns, read_related
from lad.db.identifiers import uuid7
from lad.db.queries import results
from lad.phones import shown
from lad.tenancy.context import current_tenant_id
from voice.agents.services.permissions import Permissions, permissions_for
from voice.carriers.connecting import account_of, caller_of
from voice.carriers.errors import NoCarrier
from voice.carriers.models import CarrierAccount
from voice.dialer.models import IS_OPEN, CallPlacement
from voice.numbers import health
from voice.numbers.destinations import Allowed, allowed_by, area_of, region_of
from voice.numbers.health import Label
from voice.numbers.models import NumberDay, VoiceNumber

# A call of the number, or of its account, ends at any moment.
BUSY: Final = timedelta(seconds=15)
GONE: Final = "The number that was chosen for this call is not in use any more. Choose another one."
NONE_THERE: Final = "No number is there to call from. Add one, or activate one."
NO_OUTBOUND: Final = "{number} takes calls only: its rules say that it makes none."
NOT_PERMITTED: Final = "Who asked for this call may not call from {number}. Ask an admin for a permission."
NOT_ALLOWED: Final = "{number} may call {countries} only, not {to}. Its rules say so."
CAP: Final = "{number} has made the {cap} calls that it may make in a day."
NEVER: Final = "{number} may make no call in a day. Raise its limit."
FULL: Final = "{number} is in as many calls as it may be in at once."
ACCOUNT_FULL: Final = "{number} calls through “{account}”, which takes no further call right now."
PAUSED: Final = "{number} calls through “{account}”, which is paused until {until}. {reason}"
COUNT: Final = """
INSERT INTO voice_number_days AS day (id, tenant_id, number_id, day, placed, created_at, updated_at)
SELECT id, %s, number_id, %s, placed, statement_timestamp(), statement_timestamp()
FROM unnest(%s::uuid[], %s::uuid[], %s::integer[]) AS counted (id, number_id, placed)
ON CONFLICT (tenant_id, number_id, day) DO UPDATE SET placed = day.placed + EXCLUDED.placed
"""
ZONE: Final = "SELECT timezone FROM tenants WHERE id = %s"
NUMBER: Final = Columns(VoiceNumber, "number")
ACCOUNT: Final = Columns(CarrierAccount, "account")
LOCK: Final = """
SELECT {number}, {account} FROM voice_agent_numbers number
LEFT JOIN carrier_accounts account ON account.id = number.carrier_account_id
WHERE number.tenant_id = %s AND number.status = 'active' AND number.deleted_at IS NULL
    AND (%s OR number.id = ANY(%s))
ORDER BY number.id FOR NO KEY UPDATE OF number
"""
GIVE_BACK: Final = """
UPDATE voice_number_days day SET placed = GREATEST(day.placed - counted.placed, 0)
FROM unnest(%s::uuid[], %s::integer[]) AS counted (number_id, placed)
WHERE day.tenant_id = %s AND day.day = %s AND day.number_id = counted.number_id
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that needs a number. ``number_id`` is the one that was chosen for it, if any was."""

    key: UUID
    to_phone: str
    user_id: UUID | None
    number_id: UUID | None = None
    voice_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NoNumber:
    """Why no number can make a call. ``until`` is when one can again; None means that somebody must change something.

    ``reason`` is a short key, such as ``daily_cap``, and ``detail`` a sentence.
    """

    reason: str
    detail: str
    until: datetime | None = None


def choose(
    wanted: Sequence[Wanted], *, now: datetime, account_room: Mapping[UUID, int] | None = None
) -> dict[UUID, VoiceNumber | NoNumber]:
    """Return the number for each call, by its key, in the current tenant's scope, and count it on the number's day.

    Call it in the transaction that claims the calls: numbers are locked until it ends. ``account_room`` is how many
    more calls each carrier account takes; one that is not in it takes any number. A number whose last days are bad is
    let rest here, and is not chosen. Give back what is not placed after all with ``give_back``.
    """
    pool = _load(wanted, now, account_room or {})
    chosen = {each.key: pool.take(each) for each in wanted}
    counts = Counter(number.pk for number in chosen.values() if isinstance(number, VoiceNumber))
    if counts:
        keys = sorted(counts)
        with connection.cursor() as cursor:
            ids, numbers = [uuid7() for _key in keys], [counts[key] for key in keys]
            cursor.execute(COUNT, [current_tenant_id(), pool.today, ids, keys, numbers])
    return chosen


def give_back(numbers: Mapping[UUID, int], *, at: datetime) -> None:
    """Take calls that were certainly not placed off the days of their numbers, in the current tenant's scope.

    ``at`` is when they were chosen for.
    """
    keys, tenant_id = sorted(numbers), current_tenant_id()
    day = at.astimezone(health.zone_of(tenant_id)).date()
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, [keys, [numbers[key] for key in keys], tenant_id, day])


@dataclass(slots=True)
class _Candidate:
    """A number with what decides whether it calls. ``blocked`` is why it makes no call at all now."""

    number: VoiceNumber
    allowed: Allowed
    region: str
    area: str
    label: Label
    placed: int
    room: int | None
    blocked: NoNumber | None

    def rank(self, region: str, area: str) -> tuple[bool, bool, bool, float, int]:
        """Return how little it suits a person there: another country, on watch, another area, used much today."""
        away = not area or self.area != area
        used = self.placed / max(self.number.daily_cap, 1)
        return self.region != region, self.label != Label.HEALTHY, away, used, self.number.pk.int


@dataclass(slots=True)
class _Pool:
    """The tenant's numbers while calls are given theirs."""

    candidates: Mapping[UUID, _Candidate]
    permissions: Permissions
    account_room: dict[UUID, int]
    today: date
    zone: ZoneInfo
    now: datetime

    def take(self, call: Wanted) -> VoiceNumber | NoNumber:
        """Return the number for a call, which counts at once, or why there is none."""
        if call.number_id is not None:
            found = self.candidates.get(call.number_id)
            options = [found] if found is not None else []
        else:
            options = list(self.candidates.values())
        if not options:
            return NoNumber("no_number", GONE if call.number_id is not None else NONE_THERE)
        region = region_of(call.to_phone)
        # It takes long to find, and one number has nobody to be nearer than.
        area = area_of(call.to_phone) if len(options) > 1 else ""
        reasons: list[NoNumber] = []
        ranked = [(each.rank(region, area), each) for each in options]
        heapify(ranked)
        while ranked:
            _rank, option = heappop(ranked)
            reason = self._reason_against(option, call, region)
            if reason is None:
                self._use(option)
                return option.number
            reasons.append(reason)
        return _first_to_end(reasons)

    def _reason_against(self, option: _Candidate, call: Wanted, region: str) -> NoNumber | None:
        number = option.number
        if not self.permissions.allow(call.user_id, number_id=number.pk, voice_id=call.voice_id):
            return NoNumber("not_permitted", NOT_PERMITTED.format(number=number))
        if not option.allowed.includes(region):
            detail = NOT_ALLOWED.format(number=number, countries=option.allowed.shown, to=shown(call.to_phone))
            return NoNumber("destination", detail)
        return option.blocked or self._full(option)

    def _full(self, option: _Candidate) -> NoNumber | None:
        number = option.number
        if number.daily_cap == 0:
            return NoNumber("daily_cap", NEVER.format(number=number))
        if option.placed >= number.daily_cap:
            tomorrow = datetime.combine(self.today + timedelta(days=1), time(), self.zone)
            return NoNumber("daily_cap", CAP.format(number=number, cap=number.daily_cap), tomorrow)
        if option.room is not None and option.room <= 0:
            return NoNumber("number_busy", FULL.format(number=number), self.now + BUSY)
        account_id = number.carrier_account_id
        if account_id is not None and self.account_room.get(account_id, 1) <= 0:
            detail = ACCOUNT_FULL.format(number=number, account=number.carrier_account)
            return NoNumber("account_busy", detail, self.now + BUSY)
        return None

    def _use(self, option: _Candidate) -> None:
        option.placed += 1
        if option.room is not None:
            option.room -= 1
        account_id = option.number.carrier_account_id
        if account_id is not None and account_id in self.account_room:
            self.account_room[account_id] -= 1


def _load(wanted: Sequence[Wanted], now: datetime, account_room: Mapping[UUID, int]) -> _Pool:
    zone, numbers = _lock(wanted)
    days: dict[UUID, list[NumberDay]] = {number.pk: [] for number in numbers}
    for row in health.recent_days(numbers, zone, now):
        days[row.number_id].append(row)
    today = now.astimezone(zone).date()
    open_calls = _open_calls([number.pk for number in numbers if number.max_concurrent is not None])
    candidates = {}
    for number in numbers:
        judged = health.judge_number(number, days[number.pk], zone=zone, now=now)
        _rest_if_due(number, judged, zone, now)
        limit = number.max_concurrent
        candidates[number.pk] = _Candidate(
            number=number,
            allowed=allowed_by(number.metadata.get("rules", {}).get("allowed_outbound")),
            region=region_of(number.phone.e164),
            area=area_of(number.phone.e164),
            label=judged.label,
            placed=sum(row.placed for row in days[number.pk] if row.day == today),
            room=None if limit is None else limit - open_calls.get(number.pk, 0),
            blocked=_blocked(number, now),
        )
    permissions = permissions_for(each.user_id for each in wanted)
    return _Pool(candidates, permissions, dict(account_room), today, zone, now)


def _lock(wanted: Sequence[Wanted]) -> tuple[ZoneInfo, list[VoiceNumber]]:
    """Lock the active numbers that may be chosen, in the order that prevents deadlocks.

    Return the time zone in which their days begin, and the numbers.
    """
    tenant_id, named = current_tenant_id(), {each.number_id for each in wanted}
    lock = (_lock_statement(), [tenant_id, None in named, list(named - {None})])
    [[zone]], found = results([(ZONE, [tenant_id]), lock])
    return ZoneInfo(zone), [read_related(row, NUMBER, "carrier_account", ACCOUNT) for row in found]


@cache
def _lock_statement() -> str:
    return LOCK.format(number=NUMBER, account=ACCOUNT)


def _open_calls(keys: Sequence[UUID]) -> dict[UUID, int]:
    if not keys:
        return {}
    open_calls: Any = CallPlacement.objects.filter(IS_OPEN, number__in=keys).values_list("number")
    return dict(open_calls.annotate(open=Count("pk")).order_by())


def _rest_if_due(number: VoiceNumber, judged: health.Health, zone: ZoneInfo, now: datetime) -> None:
    rests = number.resting_until is not None and number.resting_until > now
    if judged.label == Label.REST and not rests:
        health.let_rest(number, until=health.end_of_rest(now, zone), reason=judged.reason)


def _blocked(number: VoiceNumber, now: datetime) -> NoNumber | None:
    """Return why a number makes no call now, whomever it would call."""
    if number.metadata.get("rules", {}).get("outbound") is False:
        return NoNumber("outbound_off", NO_OUTBOUND.format(number=number))
    try:
        account = account_of(number)
        caller_of(number)
    except NoCarrier as error:
        return NoNumber("no_carrier", error.detail)
    if account.paused_until is not None and account.paused_until > now:
        until = times.written(account.paused_until)
        detail = PAUSED.format(number=number, account=account, until=until, reason=account.pause_reason)
        return NoNumber("account_paused", detail.strip(), account.paused_until)
    if number.resting_until is not None and number.resting_until > now:
        return NoNumber("resting", health.rest_sentence(number), number.resting_until)
    return None


def _first_to_end(reasons: Sequence[NoNumber]) -> NoNumber:
    """Return the reason that ends first; one that ends only when somebody acts is the last."""
    passing = [(reason.until, place) for place, reason in enumerate(reasons) if reason.until is not None]
    return reasons[min(passing)[1]] if passing else reasons[0]
