"""Compute and store the scores of many leads: two statements a batch."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from aiicp.profiles.models import IcpProfile
from aiicp.scoring.scorer import Score, Scorer
from aiicp.scoring.selectors import known_leads

# Leads that one transaction scores.
BATCH: Final = 5_000
# A score of an older profile, or of a lead as it was earlier, never replaces a newer one: the leads of a job may change
# between its reading and its writing. A score that stays as it is writes nothing.
STORE: Final = """
INSERT INTO ai_lead_scores AS score (
    id, created_at, scored_at, organization_id, profile_id, criteria_version,
    lead_id, points, known, is_excluded, reasons
)
SELECT gen_random_uuid(), statement_timestamp(), %s, %s, %s, %s, lead_id, points, known, is_excluded, reasons
FROM json_to_recordset(%s::json)
    AS scored (lead_id uuid, points smallint, known smallint, is_excluded boolean, reasons jsonb)
ON CONFLICT (organization_id, lead_id, profile_id) DO UPDATE SET
    points = EXCLUDED.points, known = EXCLUDED.known, is_excluded = EXCLUDED.is_excluded,
    reasons = EXCLUDED.reasons, criteria_version = EXCLUDED.criteria_version, scored_at = EXCLUDED.scored_at
WHERE (score.criteria_version, score.scored_at) <= (EXCLUDED.criteria_version, EXCLUDED.scored_at)
    AND (score.points, score.known, score.is_excluded, score.criteria_version, score.reasons)
    IS DISTINCT FROM
    (EXCLUDED.points, EXCLUDED.known, EXCLUDED.is_excluded, EXCLUDED.criteria_version, EXCLUDED.reasons)
RETURNING lead_id
"""

_scorers: dict[UUID, tuple[object, Scorer]] = {}
MAX_KEPT: Final = 4


def scorer_of(profile: IcpProfile) -> Scorer:
    """Return a scorer of what the profile says now. One that has judged much already is used again.

    Raises NothingToScore if the profile says nothing.
    """
    said = (profile.icp_data, profile.weights)
    known = _scorers.get(profile.pk)
    if known is not None and known[0] == said:
        return known[1]
    scorer = Scorer(*said)
    if len(_scorers) >= MAX_KEPT:
        _scorers.pop(next(iter(_scorers)))
    _scorers[profile.pk] = (said, scorer)
    return scorer


def score_leads(profile: IcpProfile, ids: Sequence[UUID]) -> set[UUID]:
    """Score leads and store what changed. Return the ids of the leads whose scores were written.

    Deleted leads are left out. Raises NothingToScore if the profile says nothing.
    """
    scorer = scorer_of(profile)
    written: set[UUID] = set()
    for first in range(0, len(ids), BATCH):
        known = list(known_leads(ids[first : first + BATCH]))
        if not known:
            continue
        scores = [_row(each.id, scorer.score(each.facts)) for each in known]
        # One document is sent at a fraction of what an array of texts takes, in which each quote is escaped.
        version, document = profile.criteria_version, orjson.dumps(scores).decode()
        with connection.cursor() as cursor:
            cursor.execute(STORE, [known[0].read_at, profile.tenant_id, profile.pk, version, document])
            written |= {key for (key,) in cursor.fetchall()}
    return written


def _row(lead_id: UUID, score: Score) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "points": score.points,
        "known": score.known,
        "is_excluded": score.is_excluded,
        "reasons": [each.stored() for each in score.reasons],
    }
