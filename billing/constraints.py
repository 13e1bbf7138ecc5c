"""Rules about how a row may change, which a check on one row cannot express."""

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
    """How ``status`` may move, and what stays as it is once a row has left its ``open_states``.

    ``steps`` maps a status to those it may become. Outside of ``open_states`` the row cannot be
    deleted and only ``free_columns`` may change.
    """
    moves = [f"{status}>{other}" for status, others in steps.items() for other in others]
    return Trigger(
        name=name,
        function="lad_status_steps",
        when="BEFORE",
        event="UPDATE OR DELETE",
        parameters=(_array(open_states), _array((*free_columns, "status", "updated_at")), _array(moves)),
        violation_error_message=violation_error_message,
    )


def _array(words: Iterable[str]) -> str:
    return "{" + ",".join(words) + "}"
