"""What agents know: texts of the agent, and those of all the tenant's agents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q

from voice.agents.models import KnowledgeText

MAX_TEXTS: Final = 200


@dataclass(frozen=True, slots=True)
class Shelf:
    """The texts of some agents, read once. ``chosen`` are those that entries name."""

    defaults: Sequence[KnowledgeText]
    chosen: dict[str, KnowledgeText]

    def texts(self, agent_id: int, named: Iterable[str] = ()) -> list[KnowledgeText]:
        """Return the texts for a call: those that it names, or else the agent's and everybody's, in their order."""
        found = [self.chosen[key] for key in named if key in self.chosen]
        return found or [each for each in self.defaults if each.agent_id in (None, agent_id)]


def read(agent_ids: Iterable[int], named: Iterable[str] = ()) -> Shelf:
    """Return the texts that agents of the current tenant use, and those that are named. Costs one statement."""
    ids = _uuids(named)
    wanted = Q(agent__in=list(agent_ids)) | Q(agent__isnull=True) | Q(pk__in=ids)
    rows = list(KnowledgeText.objects.filter(wanted, is_active=True).order_by("priority", "name"))
    chosen = {str(each.pk): each for each in rows if each.pk in ids}
    return Shelf(rows, chosen)


def fitting(texts: Iterable[KnowledgeText], room: int) -> tuple[list[KnowledgeText], list[KnowledgeText]]:
    """Return the texts that fit into so many bytes, in their order, and those that do not. None is cut."""
    kept: list[KnowledgeText] = []
    left: list[KnowledgeText] = []
    for each in texts:
        size = len(each.name.encode()) + len(each.content.encode()) + 16
        if size <= room and len(kept) < MAX_TEXTS:
            kept.append(each)
            room -= size
        else:
            left.append(each)
    return kept, left


def _uuids(named: Iterable[str]) -> set[UUID]:
    found = set()
    for each in named:
        try:
            found.add(UUID(str(each)))
        except ValueError:
            continue
    return found
