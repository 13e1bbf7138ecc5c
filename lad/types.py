"""Type aliases that every layer shares."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

# The user on whose behalf something happens; None for LAD itself.
Actor = AbstractBaseUser | None
# Values to write, by field name. The model's fields validate them.
Values = Mapping[str, Any]
