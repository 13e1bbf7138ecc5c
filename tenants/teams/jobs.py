"""Kinds of jobs that resend or revoke many invitations."""

from collections.abc import Callable
from typing import Final

from lad.jobs.kinds import JobKind, RowOutcome, Rows, each_row, job_kinds
from tenants.teams.models import TenantInvitation
from tenants.teams.services import invitations

PART_SIZE: Final = 100


def _kind(key: str, label: str, done: str, change: Callable[..., object]) -> JobKind:
    def change_rows(rows: Rows) -> list[RowOutcome]:
        found = TenantInvitation.objects.filter(pk__in=rows.keys)
        return each_row(rows, found, lambda row: change(invitation=row, actor=rows.actor))

    return job_kinds.register(
        JobKind(
            key=key,
            label=f"{label} invitations",
            change=change_rows,
            model=lambda _parameters: TenantInvitation,
            right=lambda _parameters: "invitations.update",
            title=lambda _parameters, rows: f"{label} {rows}",
            done=lambda _parameters: done,
            part_size=PART_SIZE,
        )
    )


RESEND: Final = _kind("invitations.resend", "Resend", "sent again", invitations.resend)
REVOKE: Final = _kind("invitations.revoke", "Revoke", "revoked", invitations.revoke)
