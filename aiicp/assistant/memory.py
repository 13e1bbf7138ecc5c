"""What a conversation remembers: the slots, and of each change the words, the message and the confidence.

Nothing that was said is lost: messages are never changed, and a change that is undone stays in the history.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from aiicp.assistant import facets
from aiicp.assistant.facets import READY
from aiicp.assistant.replies import INFERRED
from aiicp.conversations.models import Conversation
from aiicp.extraction.extractor import Value, apply
from aiicp.extraction.slots import Slots

# The oldest changes are left out of longer histories. Their messages stay.
MOST_CHANGES: Final = 400


@dataclass(slots=True)
class Memory:
    """What is known in a conversation, to be changed and stored again."""

    slots: Slots
    metadata: dict[str, Any]
    changes: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, conversation: Conversation) -> "Memory":
        metadata = dict(conversation.metadata)
        return cls(Slots.from_icp_data(conversation.icp_data), metadata, list(metadata.get("changes", ())))

    @property
    def asked(self) -> str:
        return str(self.metadata.get("asked", ""))

    @property
    def offered(self) -> list[str]:
        return list(self.metadata.get("offered", ()))

    @property
    def skipped(self) -> list[str]:
        return list(self.metadata.get("skipped", ()))

    @property
    def language(self) -> str:
        return str(self.metadata.get("language", "en"))

    @property
    def confirmed(self) -> bool:
        return bool(self.metadata.get("confirmed", False))

    def learn(self, values: Sequence[Value], *, message_id: UUID, source: str, now: datetime) -> list[str]:
        """Take what a message says into the slots. Return the slots that changed.

        What was inferred before gives way to what is said, and a confirmation ends with a change of the profile.
        """
        before = self.slots
        self.slots = _applied(self._without_guess(values), values)
        changed = facets.changed(before, self.slots)
        for slot in changed:
            self._keep(slot, before, _about(values, slot), message_id, source, now)
        self._changed(changed)
        return changed

    def restart(self, *, message_id: UUID, now: datetime) -> None:
        """Empty every slot. The changes can be undone."""
        before, self.slots = self.slots, Slots()
        changed = facets.changed(before, self.slots)
        for slot in changed:
            self._keep(slot, before, [], message_id, "command", now)
        self._changed(changed)
        self.metadata["skipped"] = []

    def undo(self, facet: str = "", *, now: datetime) -> list[str]:
        """Restore what a facet held before its last change, or what the last message changed. Return the facets."""
        live = [each for each in self.changes if "undone_at" not in each and (not facet or self._is_of(each, facet))]
        if not live:
            return []
        origin = (live[-1]["message"], live[-1]["source"])
        last = [each for each in live if (each["message"], each["source"]) == origin]
        before = self.slots
        for each in reversed(last):
            self.slots = facets.with_value(self.slots, each["slot"], facets.restored(each["slot"], each["before"]))
            each["undone_at"] = now.isoformat()
        self._changed(facets.changed(before, self.slots))
        return list(dict.fromkeys(facets.facet_of(each["slot"]) for each in last))

    def reasons(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return why each slot holds each of its values: words, confidence, source and message, by slot and value."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for change in self.changes:
            if "undone_at" in change:
                continue
            for each in change["values"]:
                why = {name: each[name] for name in ("words", "confidence")}
                why |= {"message": change["message"], "source": change["source"]}
                found.setdefault(change["slot"], {})[_key(each["value"])] = why
        return found

    def reason(self, slot: str, value: Any) -> dict[str, Any]:
        """Return why a slot holds a value; nothing where a person entered it elsewhere."""
        return reason_of(self.reasons(), slot, value)

    def to_row(self) -> dict[str, Any]:
        """Return the columns to store."""
        self.metadata["changes"] = self.changes[-MOST_CHANGES:]
        search = self.slots.to_search_params() if self.slots.outreach_type != "inbound" else {}
        return {"icp_data": self.slots.to_icp_data(), "search_params": search or None, "metadata": self.metadata}

    def _without_guess(self, values: Sequence[Value]) -> Slots:
        """Return the slots without an inferred knowledge of the target, if companies are named now."""
        named = any(each.slot in ("companies", "linkedin_urls") and each.operation != "remove" for each in values)
        why = self.reason("target_knowledge", self.slots.target_knowledge)
        if not named or self.slots.target_knowledge != "discovery" or why.get("confidence") != INFERRED:
            return self.slots
        return facets.with_value(self.slots, "target_knowledge", "known")

    def _keep(
        self, slot: str, before: Slots, values: Sequence[Value], message_id: UUID, source: str, now: datetime
    ) -> None:
        self.changes.append(
            {
                "slot": slot,
                "before": facets.stored(facets.value_of(before, slot)),
                "after": facets.stored(facets.value_of(self.slots, slot)),
                "message": str(message_id),
                "source": source,
                "at": now.isoformat(),
                "values": [told(each) for each in values],
            }
        )

    def _changed(self, slots: Sequence[str]) -> None:
        if slots:
            self.metadata["confirmed"] = False

    def _is_of(self, change: Mapping[str, Any], name: str) -> bool:
        return name in (change["slot"], facets.facet_of(change["slot"]))


def reason_of(reasons: Mapping[str, Mapping[str, dict[str, Any]]], slot: str, value: Any) -> dict[str, Any]:
    """Return why a slot holds a value, of what ``Memory.reasons`` returned; nothing where nobody said it."""
    return reasons.get(slot, {}).get(_key(facets.stored(value)), {})


def told(each: Value) -> dict[str, Any]:
    """Return a value as messages and histories keep it."""
    return {
        "slot": each.slot,
        "value": facets.stored(each.value),
        "polarity": each.polarity,
        "operation": each.operation,
        "confidence": each.confidence,
        "words": each.text,
    }


def extracted(values: Sequence[Value]) -> dict[str, Any]:
    """Return what a message says on its own, in the form of ``icp_data``."""
    return _applied(Slots(), values).to_icp_data()


def _applied(before: Slots, values: Sequence[Value]) -> Slots:
    after = apply(before, [each for each in values if each.slot != READY])
    for each in values:
        if each.slot == READY:
            after = facets.with_value(after, READY, each.value)
    return after


def _about(values: Sequence[Value], slot: str) -> list[Value]:
    name = slot.removeprefix(facets.EXCLUDED)
    return [each for each in values if each.slot == name]


def _key(value: Any) -> str:
    # The database gives the names of a range back in an order of its own.
    return json.dumps(value, sort_keys=True)
