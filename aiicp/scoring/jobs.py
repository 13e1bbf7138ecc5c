"""The kind of job that scores leads."""

from typing import Final
from uuid import UUID

from aiicp.features import ICP_ASSISTANT
from aiicp.profiles.models import IcpProfile
from aiicp.scoring.storing import BATCH, score_leads, scorer_of
from lad.errors import Conflict
from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict, job_kinds
from lad.types import Values
from leads.contacts.models import Lead

MAX_NAME_SHOWN: Final = 80


class ProfileGone(Conflict):
    """The customer profile was deleted in the meantime."""

    code = "profile_gone"


def profile_of(parameters: Values) -> IcpProfile:
    """Return the profile that a job scores by. Raises ProfileGone."""
    found = IcpProfile.objects.filter(pk=parameters["profile"]).first()
    if found is None:
        raise ProfileGone
    return found


def _score(rows: Rows) -> list[RowOutcome]:
    keys = [key for key in rows.keys if isinstance(key, UUID)]
    written = score_leads(profile_of(rows.parameters), keys)
    return [RowOutcome(key, Verdict.CHANGED if key in written else Verdict.UNCHANGED) for key in keys]


def _check(parameters: Values) -> None:
    scorer_of(profile_of(parameters))


SCORE: Final = job_kinds.register(
    JobKind(
        key="aiicp.score",
        label="Score leads",
        change=_score,
        check=_check,
        model=lambda _parameters: Lead,
        right=lambda _parameters: "assistant.update",
        feature=lambda _parameters: ICP_ASSISTANT,
        title=lambda parameters, rows: f"Score {rows} by “{profile_of(parameters).name[:MAX_NAME_SHOWN]}”",
        done=lambda _parameters: "scored",
        part_size=BATCH,
    )
)
