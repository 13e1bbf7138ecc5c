"""Record what Twilio says became of messages that were sent, whether it reported it or was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from campaigns.accounts.models import NetworkAccount
from campaigns.channels import incoming as incomings
from campaigns.channels import opting_out
from campaigns.channels.incoming import Progress
from campaigns.channels.opt_out_words import Wish
from campaigns.channels.reported import adopt, bounced
from campaigns.channels.sms.driver import STOPPED
from campaigns.channels.sms.errors import OPTED_OUT, Problem
from campaigns.messages.models import Message, MessageEventKind
from leads.channels import Channel

PROGRESS: Final = {
    "delivered": MessageEventKind.DELIVERED,
    "read": MessageEventKind.OPENED,
    "undelivered": MessageEventKind.BOUNCED,
    "failed": MessageEventKind.BOUNCED,
}
SETTLED: Final = frozenset(PROGRESS.values())


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a message at the time ``at``. ``own`` is LAD's id of the message, if Twilio returned it."""

    sid: str
    status: str
    code: int
    to: str
    at: datetime
    own: UUID | None = None

    @property
    def kind(self) -> MessageEventKind | None:
        """Return what happened to the message, or None if it is still on its way."""
        return PROGRESS.get(self.status)

    @property
    def detail(self) -> dict[str, Any]:
        """Return what a message that was not delivered says about its number."""
        if self.kind != MessageEventKind.BOUNCED:
            return {}
        problem = Problem(self.code)
        return {"severity": problem.severity, "sentence": problem.sentence, "code": problem.code}


def record(account: NetworkAccount, statuses: Sequence[Status]) -> None:
    """Record statuses of the account's messages, each once, in its tenant's scope. Raises NotYet."""
    adopt(account, {each.own: each.sid for each in statuses if each.own is not None})
    progress = [Progress(each.sid, each.kind, each.at, each.detail) for each in statuses if each.kind is not None]
    if progress:
        bounced(incomings.record_progress(account, progress), "Twilio")
    opting_out.heed(_opted_out(statuses))


def code_of(text: object) -> int:
    """Return the code of an error as Twilio writes it, or -1 if there is none."""
    written = str(text or "")
    return int(written) if written.isdecimal() and len(written) < 7 else -1


def _opted_out(statuses: Sequence[Status]) -> list[opting_out.Request]:
    """Return the people to whom Twilio did not deliver because they had opted out."""
    refused = [each for each in statuses if each.code == OPTED_OUT]
    leads = _leads_of([each.sid for each in refused])
    return [
        opting_out.Request(Channel.SMS, Wish.STOP, each.to, STOPPED, each.at, leads.get(each.sid)) for each in refused
    ]


def _leads_of(sids: Sequence[str]) -> Mapping[str, Any]:
    rows = Message.objects.filter(provider_id__in=sids).select_related("lead") if sids else ()
    return {row.provider_id: row.lead for row in rows}
