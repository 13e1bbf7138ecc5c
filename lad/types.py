"""Type aliases that every layer shares."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

# The user on whose behalf something happens; None for LAD itself.
Actor = AbstractBaseUser | None
# Field names with the values a caller wants to write; the model's own fields check them.
Values = Mapping[str, Any]
