"""What accounts on networks have done and may still do, for pages and the API."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from campaigns.accounts.limits import Allowance, Source, Used, allowances, used
from campaigns.accounts.models import EmailAccount, NetworkAccount
from campaigns.formatting import NEARLY_USED_UP
from campaigns.messages.models import Action

LABELS: Final = {
    Action.MESSAGE: "Messages",
    Action.INVITATION: "Invitations",
    Action.VISIT: "Profile visits",
    Action.FOLLOW: "Follows",
    Action.LIKE: "Likes",
    Action.COMMENT: "Comments",
    Action.STORY_VIEW: "Story views",
    Action.WITHDRAWAL: "Withdrawn invitations",
    Action.PROFILE: "Profiles read",
    Action.POST: "Posts",
}
SOURCES: Final = {
    Source.USUAL: "LAD's careful limit",
    Source.OWN: "your limit",
    Source.RAMP_UP: "warming up",
    Source.LEARNED: "the network stopped more",
}
CURVE_DAYS: Final = 21


@dataclass(frozen=True, slots=True)
class ActionUse:
    """How often an account did an action, and how often it may. A limit of None means without limit."""

    action: str
    label: str
    today: int
    week: int
    day_limit: int | None
    week_limit: int | None
    source: str

    @property
    def why(self) -> str:
        """Return where the limit comes from, in words."""
        return SOURCES[Source(self.source)]

    @property
    def near_day(self) -> float:
        """Return from where on the bar of the day warns."""
        return (self.day_limit or 0) * NEARLY_USED_UP

    @property
    def near_week(self) -> float:
        """Return from where on the bar of the week warns."""
        return (self.week_limit or 0) * NEARLY_USED_UP

    @property
    def is_full(self) -> bool:
        full_day = self.day_limit is not None and self.today >= self.day_limit
        return full_day or (self.week_limit is not None and self.week >= self.week_limit)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a day of the warm-up allows of the account's main action. ``days`` counts from today."""

    days: int
    allowed: int


def use_of(account: NetworkAccount, *, zone: str, now: datetime) -> list[ActionUse]:
    """Return the use of each action that has a limit or was done of late, the most important first."""
    may, done = allowances(account, zone=zone, now=now), used(account, zone=zone, now=now)
    order = list(LABELS)
    actions = sorted({*may, *done}, key=lambda action: order.index(Action(action)))
    return [_use(action, may.get(action, Allowance(None)), done.get(action, Used())) for action in actions]


def main_use(account: NetworkAccount, *, zone: str, now: datetime) -> ActionUse | None:
    """Return the use that lists show: of invitations on LinkedIn, and otherwise of messages."""
    main = main_action(account)
    return next((use for use in use_of(account, zone=zone, now=now) if use.action == main), None)


def main_action(account: EmailAccount | NetworkAccount) -> Action:
    """Return the action that an account is limited by first."""
    return Action.INVITATION if account.message_column == "linkedin_account" else Action.MESSAGE


def curve(account: NetworkAccount, *, zone: str, now: datetime) -> list[CurvePoint]:
    """Return what the warm-up allows on the next days; nothing for an account that is not warming up."""
    if account.ramp_up_from is None:
        return []
    action = main_action(account)
    points = []
    for days in range(CURVE_DAYS):
        allowance = allowances(account, zone=zone, now=now + timedelta(days=days)).get(action)
        if allowance is None or allowance.day is None:
            return []
        points.append(CurvePoint(days, allowance.day))
    return points if points[0].allowed < points[-1].allowed else []


def _use(action: str, allowance: Allowance, done: Used) -> ActionUse:
    return ActionUse(
        action=action,
        label=LABELS[Action(action)],
        today=done.today,
        week=done.week,
        day_limit=allowance.day,
        week_limit=allowance.week,
        source=allowance.source.value,
    )
