"""Limit the size of uploads. Bytes are counted as they arrive, so an upload that is too large is not kept.

The API answers an upload over the limit with 413. A form in the admin is shown again with the error on its file
field: together with the other entries if the whole request has arrived, without them if its body was refused.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse

from lad.api.errors import API_PREFIX, bad_request, body_too_large
from lad.errors import DomainError
from lad.limits import longest_form

BYTES_PER_MB: Final = 1024 * 1024
# Set by the proxy on a request whose body it refused. Without a body there is nothing to forge with it.
REFUSED_BODY_HEADER: Final = "HTTP_X_REFUSED_BODY"


class UploadTooLarge(DomainError, RequestDataTooBig):
    """The file is too large."""

    code = "upload_too_large"
    status = 413
    title = "Too large"

    def __init__(self) -> None:
        super().__init__(f"A file can be at most {largest_upload()}.")


def largest_upload() -> str:
    """Return the size of the largest file that may be uploaded, as people read it."""
    return f"{settings.UPLOAD_MAX_SIZE / BYTES_PER_MB:g} MB"


class RefusedUpload(UploadedFile):
    """Stands in a form for a file that was too large and was not kept. Form fields for files reject it."""

    def __init__(self, name: str | None, size: int) -> None:
        super().__init__(ContentFile(b""), name=name, size=size)


class SizeLimit(FileUploadHandler):
    """Reject a request whose files together exceed the limit. Must be the first upload handler."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.received = 0

    def handle_raw_input(
        self, input_data: Any, meta: object, content_length: int, boundary: object, encoding: str | None = None
    ) -> None:
        """Reject a request whose declared length is already too large."""
        if content_length > longest_form():
            raise UploadTooLarge

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.received += len(raw_data)
        if self.received <= settings.UPLOAD_MAX_SIZE:
            return raw_data
        if self.request is None or self.request.path.startswith(API_PREFIX):
            raise UploadTooLarge
        return None

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Return None, so that the next handlers keep the file, or what stands for a file that is too large."""
        return RefusedUpload(self.file_name, self.received) if self.received > settings.UPLOAD_MAX_SIZE else None


@dataclass(slots=True)
class RefusedBody:
    """The body of the current request was refused. ``shown`` once a form has said so at its file field."""

    shown: bool = False


_refused: Final[ContextVar[RefusedBody | None]] = ContextVar("refused_body", default=None)


def refused_body() -> RefusedBody | None:
    """Return that the body of the current request was refused, or None."""
    return _refused.get()


class RefusedBodyMiddleware:
    """Answers requests whose body the proxy or the web server refused to read. Stands before every reader of bodies.

    Nothing is done for such a request: a page is shown as if it was opened, with the error on its file field, and
    the API answers 413.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        by_proxy = REFUSED_BODY_HEADER in request.META
        if not (by_proxy or _body_is_missing(request)):
            return self.get_response(request)
        is_form = request.content_type == "multipart/form-data"
        error = UploadTooLarge() if is_form else body_too_large()
        if not is_form or request.path.startswith(API_PREFIX):
            return bad_request(request, error)
        # Without its body the request has no token against forgery either, so it must change nothing.
        request.method = "GET"
        refused = RefusedBody()
        token = _refused.set(refused)
        try:
            response = self.get_response(request)
        finally:
            _refused.reset(token)
        is_page_without_word = response.status_code == HTTPStatus.OK and not refused.shown
        return bad_request(request, error) if is_page_without_word else response


def _body_is_missing(request: HttpRequest) -> bool:
    """Return whether the web server did not read a form with files because it is too long."""
    if request.method != "POST" or request.content_type != "multipart/form-data":
        return False
    return int(request.META.get("CONTENT_LENGTH") or 0) > longest_form()
