"""Attachments in S3-compatible storage, against a small test server."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen
from xml.sax.saxutils import escape

import pytest
from django.test import Client
from django.utils import timezone

from leads.files import services
from leads.files.storage import store
from tests.leads.files.conftest import URL, row_of, stored
from tests.leads.files.contents import PDF
from tests.leads.files.test_keeping import old_id, put
from tests.support.api import problem
from tests.support.serving import serving

BUCKET = "lad-files"


class Bucket(BaseHTTPRequestHandler):
    """Keeps objects in memory. Every call needs a signature, as with a private bucket."""

    objects: dict[str, bytes] = {}
    headers_seen: list[dict[str, str]] = []
    broken = False

    def _key(self) -> str:
        return urlsplit(self.path).path.removeprefix(f"/{BUCKET}/").lstrip("/")

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _allowed(self) -> bool:
        query = parse_qs(urlsplit(self.path).query)
        signed = "X-Amz-Signature" in query or "Signature=" in self.headers.get("Authorization", "")
        if not signed or self.broken:
            self._answer(500 if self.broken else 403)
        return signed and not self.broken

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._allowed():
            self.headers_seen.append(dict(self.headers))
            self.objects[self._key()] = body
            self._answer(200, ETag='"1"')

    def do_HEAD(self) -> None:
        if self._allowed():
            self._answer(200 if self._key() in self.objects else 404)

    def do_DELETE(self) -> None:
        if self._allowed():
            self.objects.pop(self._key(), None)
            self._answer(204)

    def do_GET(self) -> None:
        if not self._allowed():
            return
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            [prefix] = query.get("prefix", [""])
            keys = "".join(
                f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>"
                for key in sorted(self.objects)
                if key.startswith(prefix)
            )
            self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode())
        elif self._key() in self.objects:
            asked = {
                name.removeprefix("response-").replace("-", "_"): values[0]
                for name, values in query.items()
                if name.startswith("response-")
            }
            self._answer(200, self.objects[self._key()], **asked)
        else:
            self._answer(404)

    def log_message(self, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def bucket(settings: Any) -> Iterator[type[Bucket]]:
    Bucket.objects, Bucket.headers_seen, Bucket.broken = {}, [], False
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Bucket)) as address:
        settings.STORAGES = {
            **settings.STORAGES,
            "attachments": {
                "BACKEND": "leads.files.storage.s3.AttachmentBucket",
                "OPTIONS": {
                    "bucket_name": BUCKET,
                    "endpoint_url": address,
                    "region_name": "eu-north-1",
                    "access_key": "key",
                    "secret_key": "secret",
                    "addressing_style": "path",
                    "location": "lad",
                },
            },
        }
        yield Bucket


def follow(api: Any, member: Any, shown: dict[str, Any]) -> Any:
    parts = urlsplit(api(member).get(f"{URL}{shown['id']}/download/").json()["url"])
    return Client().get(f"{parts.path}?{parts.query}")


def test_a_file_is_stored_in_the_bucket_under_the_prefix(bucket: Any, upload: Any, member: Any) -> None:
    shown = upload(member).json()
    assert bucket.objects == {f"lad/{row_of(shown).file_url}": PDF}
    assert not any("acl" in name.lower() for headers in bucket.headers_seen for name in headers)


def test_a_link_redirects_to_one_signed_by_the_storage(bucket: Any, upload: Any, member: Any, api: Any) -> None:
    response = follow(api, member, upload(member, "Grüße.pdf").json())
    assert response.status_code == 302
    assert "no-store" in response["Cache-Control"]
    query = parse_qs(urlsplit(response["Location"]).query)
    assert query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    with urlopen(Request(response["Location"])) as served:  # noqa: S310  (our own server)
        assert served.read() == PDF
        assert served.headers["content-disposition"] == "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf"
        assert served.headers["content-type"] == "application/pdf"


def test_a_deleted_file_is_not_redirected_to(bucket: Any, upload: Any, member: Any, api: Any) -> None:
    shown = upload(member).json()
    link = urlsplit(api(member).get(f"{URL}{shown['id']}/download/").json()["url"])
    api(member).delete(f"{URL}{shown['id']}/")
    assert problem(Client().get(f"{link.path}?{link.query}")) == (404, "not_found")


def test_a_failing_bucket_leaves_no_row(bucket: Any, upload: Any, member: Any, settings: Any) -> None:
    bucket.broken = True
    assert problem(upload(member)) == (503, "storage_unavailable")
    bucket.broken = False
    assert stored() == []


def test_orphans_are_removed_from_the_bucket(bucket: Any, lead: Any, upload: Any, member: Any) -> None:
    kept = row_of(upload(member).json()).file_url
    orphan = put(lead, old_id())
    assert sorted(store.keys(f"{lead.tenant_id}/")) == sorted([kept, orphan])
    assert services.remove_orphaned_files(prefix=f"{lead.tenant_id}/", now=timezone.now()) == 1
    assert stored() == [kept]
