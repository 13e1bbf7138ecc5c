"""Finds out who is asking: the person, the tenant they work in, and their rights there."""

from lad.errors import NotAllowed


class NoMembership(NotAllowed):
    """You are not a member of this tenant: choose one of yours with X-Tenant-ID or by switching."""

    code = "no_membership"
