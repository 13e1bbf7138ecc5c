"""Addresses of the admin that lead nowhere are 404, never 500."""

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType

from lad.tenancy.context import platform_context

KEYS = ["1", "01a22197-2f2d-76f6-89e2-b6ba921d27a7", "0", "-1", "9" * 30, "x", "%00", "a/b"]


@pytest.mark.parametrize("key", KEYS)
def test_the_addresses_of_rows_by_content_type_lead_nowhere(root: Any, admin_of: Any, owner: Any, key: str) -> None:
    with platform_context():
        kinds = [*ContentType.objects.values_list("pk", flat=True), 10**30]
    assert len(kinds) > 50
    for browser in (root, admin_of(owner)):
        browser.raise_request_exception = False
        answers = {kind: browser.get(f"/admin/r/{kind}/{key}/").status_code for kind in kinds}
        assert set(answers.values()) == {404}
