"""Errors about membership and rights."""

from lad.errors import NotAllowed


class NoMembership(NotAllowed):
    """You are not a member of this tenant: choose one of yours with X-Tenant-ID or by switching."""

    code = "no_membership"


class AboveYourRole(NotAllowed):
    """That is above your own rights; ask somebody who has them."""

    code = "above_your_role"
