"""Read the body of a request."""

from typing import Any

from rest_framework.request import Request


def validated(form_class: Any, request: Request) -> dict[str, Any]:
    """Return the body's values as the serializer class reads them. Raises the framework's ValidationError."""
    form = form_class(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)
