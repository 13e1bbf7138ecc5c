"""Constraints on how a row may change, which a CHECK cannot express."""

from collections.abc import Iterable, Mapping, Sequence

from lad.db.constraints import Trigger


def status_steps(
    *,
    name: str,
    steps: Mapping[str, Sequence[str]],
    open_states: Sequence[str],
    free_columns: Sequence[str],
    violation_error_message: str,
) -> Trigger:
    """Return the trigger that limits the changes of ``status`` and protects rows that are no longer open.

    ``steps`` maps each status to the next ones. Outside of ``open_states`` a row cannot be deleted and only
    ``free_columns`` may change.
    """
    transitions = [f"{status}>{other}" for status, others in steps.items() for other in others]
    return Trigger(
        name=name,
        function="lad_status_steps",
        when="BEFORE",
        event="UPDATE OR DELETE",
        parameters=(_array(open_states), _array((*free_columns, "status", "updated_at")), _array(transitions)),
        violation_error_message=violation_error_message,
    )


def _array(words: Iterable[str]) -> str:
    return "{" + ",".join(words) + "}"
