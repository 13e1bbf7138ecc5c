"""Keep within Apollo's limits of calls. All processes share one count, in Valkey.

Apollo counts the calls of a team for each endpoint in three fixed windows: a minute, an hour and a day. A window opens
with the first call, not with the clock. Every answer tells limit and use; only a refusal tells when a window ends.

For each endpoint there is an upper bound of what Apollo has counted in its current window: the highest use that an
answer told, and every call that has no answer yet. A call is made if that stays within the limit. A window is over one
length after the first answer in it, or when a call that began after the highest use was known tells a lower one.

Until the first answer the limits are unknown, also after Valkey lost its data: then one call goes ahead, and the others
wait for what it learns. Without Valkey nothing is called.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import redis
import structlog

from lad.broker import broker
from leads.companies.apollo.errors import DirectoryDown, LimitReached

# The middle of the headers' names, for the minute, the hour and the day.
HEADERS: Final = ("minute", "hourly", "24-hour")
# A call without an answer counts as made after so long. Longer than any call may take.
FLIGHT_SECONDS: Final = 180
# Clocks differ, and a call takes its time.
MARGIN_SECONDS: Final = 1
KEEP_SECONDS: Final = 2 * 86_400
log = structlog.get_logger("leads.apollo")
NO_COUNT: Final = "LAD cannot count its calls of the directory at the moment, so it makes none. Try again soon."

_PRELUDE: Final = """
local now = tonumber(ARGV[1])
if not now then
    local time = redis.call('TIME')
    now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local lengths = {minute = 60, hour = 3600, day = 86400}
local state = {}
local flat = redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do state[flat[i]] = flat[i + 1] end
local function moment(value) return string.format('%.3f', math.ceil(value * 1000) / 1000) end
local function number(name) return tonumber(state[name] or '') end
local function set(name, value)
    state[name] = value
    redis.call('HSET', KEYS[1], name, value)
end
-- What Apollo has counted at most in its current window, without calls that have no answer.
local function used(window)
    local ends = number('ends:' .. window)
    if ends and ends > now then return number('used:' .. window) or 0 end
    return 0
end
local function add(window, count)
    local before = used(window)
    if before == 0 then set('ends:' .. window, now + lengths[window] + tonumber(ARGV[2])) end
    set('used:' .. window, before + count)
    set('learned:' .. window, now)
end
-- Calls whose process died: Apollo may have counted them.
local lost = redis.call('ZCOUNT', KEYS[2], '-inf', now)
if lost > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
    for window in pairs(lengths) do add(window, lost) end
end
"""
# Returns {0} for a call that may be made, else {1, until, window}, or {2} to wait for what another call learns.
_RESERVE: Final = (
    _PRELUDE
    + """
local blocked = number('blocked')
if blocked and blocked > now then return {1, moment(blocked), state['blocked_window'] or ''} end
local flying = redis.call('ZCARD', KEYS[2])
if not state['known'] then
    if flying > 0 then return {2} end
else
    local latest, name = 0, ''
    for _, window in ipairs({'minute', 'hour', 'day'}) do
        local limit = number('limit:' .. window)
        if limit and used(window) + flying >= limit then
            -- The bound falls as soon as a call in flight tells that its window is a new one.
            local ends = now + 1
            if used(window) >= limit then ends = number('ends:' .. window) or ends end
            if ends > latest then latest, name = ends, window end
        end
    end
    if latest > 0 then return {1, moment(latest), name} end
end
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[4]), ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[5])
return {0, string.format('%.6f', now)}
"""
)
# ARGV: now, margin, id, when it was reserved, keep, seconds to wait or '', then limit and use of each window.
_LEARN: Final = (
    _PRELUDE
    + """
redis.call('ZREM', KEYS[2], ARGV[3])
local began, wait = tonumber(ARGV[4]), tonumber(ARGV[6])
local full, told = '', false
for at, window in ipairs({'minute', 'hour', 'day'}) do
    local limit, use = ARGV[5 + 2 * at], tonumber(ARGV[6 + 2 * at])
    told = told or limit ~= ''
    if limit == '-' then
        redis.call('HDEL', KEYS[1], 'limit:' .. window)
        state['limit:' .. window] = nil
    elseif limit ~= '' then
        set('limit:' .. window, limit)
    end
    local before, learned = used(window), number('learned:' .. window) or 0
    local known_limit = number('limit:' .. window)
    if use and wait and known_limit and use >= known_limit then
        -- Apollo refused the call, and says when the window ends.
        full = window
        set('used:' .. window, use)
        set('ends:' .. window, now + wait)
        set('learned:' .. window, now)
    elseif use and use > before then
        if before == 0 then set('ends:' .. window, now + lengths[window] + tonumber(ARGV[2])) end
        set('used:' .. window, use)
        set('learned:' .. window, now)
    elseif use and not wait and began > learned then
        -- It began after the higher use was known, so its lower one is that of a new window.
        set('ends:' .. window, now + lengths[window] + tonumber(ARGV[2]))
        set('used:' .. window, use)
        set('learned:' .. window, now)
    elseif not use and known_limit then
        add(window, 1)
    end
end
if wait and now + wait > (number('blocked') or 0) then
    set('blocked', now + wait)
    set('blocked_window', full)
end
-- An answer without limits, such as a gateway's, leaves them as unknown as they were.
if told then set('known', 1) end
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 0
"""
)
# ARGV: now, margin, id, whether Apollo may have counted the call. The limits stay as unknown as they are.
_FORGET: Final = (
    _PRELUDE
    + """
if redis.call('ZREM', KEYS[2], ARGV[3]) == 1 and ARGV[4] == '1' then
    for window in pairs(lengths) do add(window, 1) end
end
return 0
"""
)


@dataclass(frozen=True, slots=True)
class Place:
    """A reserved call."""

    id: str
    began: str


class Learning(Exception):
    """The limits are unknown, and another call is just finding out."""


class Limiter:
    """The count of one team's calls to one endpoint. ``clock`` returns seconds; without one, Valkey's time counts."""

    def __init__(self, team: str, endpoint: str, clock: Callable[[], float] | None = None) -> None:
        place = sha256(f"{team}|{endpoint}".encode()).hexdigest()[:32]
        # The braces keep both keys on one node of a cluster.
        self._keys = [f"lad:directory:{{{place}}}:state", f"lad:directory:{{{place}}}:flying"]
        self._clock = clock

    def reserve(self) -> Place:
        """Count a call before it is made. Raises LimitReached, Learning, or DirectoryDown without Valkey."""
        id = secrets.token_hex(8)
        answer = self._run(_RESERVE, id, FLIGHT_SECONDS, KEEP_SECONDS)
        if answer[0] == 0:
            return Place(id, answer[1].decode())
        if answer[0] == 2:
            raise Learning
        until = datetime.fromtimestamp(float(answer[1]), UTC)
        raise LimitReached(until, window=answer[2].decode())

    def learn(self, place: Place, headers: Mapping[str, str], *, retry_after: float | None = None) -> None:
        """Take over what an answer tells. ``retry_after`` is how many seconds a refusal asks to wait."""
        told: list[str | float] = []
        for name in HEADERS:
            told += _told(headers, name)
        self._note(_LEARN, place.id, place.began, KEEP_SECONDS, "" if retry_after is None else retry_after, *told)

    def forget(self, place: Place, *, counted: bool) -> None:
        """Give a call up that has no answer. ``counted`` says whether Apollo may have counted it."""
        self._note(_FORGET, place.id, "1" if counted else "0")

    def now(self) -> datetime:
        """Return the time that the limits are counted in."""
        return datetime.fromtimestamp(self._clock(), UTC) if self._clock else datetime.now(UTC)

    def _run(self, script: str, *values: str | float) -> Any:
        now = repr(self._clock()) if self._clock else ""
        try:
            return broker().eval(script, len(self._keys), *self._keys, now, MARGIN_SECONDS, *values)
        except redis.RedisError:
            raise DirectoryDown(NO_COUNT, passing=False) from None

    def _note(self, script: str, *values: str | float) -> None:
        """Run a script after a call. The call is over, so a Valkey that is away must not hide what became of it."""
        try:
            self._run(script, *values)
        except DirectoryDown:
            log.warning("directory call not counted")


def team_of(base_url: str, api_key: str) -> str:
    """Return a name for the team that the key belongs to. It does not tell the key."""
    return sha256(f"{base_url}|{api_key}".encode()).hexdigest()


def _told(headers: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return limit and use of a window: '-' for a window without a limit, empty for what is not told."""
    limit = headers.get(f"x-rate-limit-{name}")
    if limit is None:
        return "", ""
    if not limit.strip().isdecimal():
        return "-", ""
    use = (headers.get(f"x-{name}-usage") or "").strip()
    left = (headers.get(f"x-{name}-requests-left") or "").strip()
    if not use.isdecimal():
        use = str(max(int(limit) - int(left), 0)) if left.isdecimal() else ""
    return limit.strip(), use
