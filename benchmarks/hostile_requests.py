"""The requests of the attack in hostile.py: long paths, huge and deep JSON, and hostile texts in every field."""

import json
import re
import socket
import urllib.parse
from collections.abc import Iterator
from typing import Any, Final

from http_load import request
from streams import Caller

HOSTILE_LENGTH: Final = 100_000
PATH_LENGTH: Final = 65_000
API: Final = "/api/v1"
# Each unit is repeated; the pairs are what the patterns of LAD and of its packages backtrack on.
UNITS: Final = (" ", "{{ ", "eyJ", "a@", "a.", "0", "-", "\n")
BEGINNINGS: Final = {" ": "x{{", "0": "+", "a.": "https://a", "a@": "a@b.", "-": "2026-12-24 09:00", "eyJ": "Bearer "}


def raw(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    head = request(method, path, headers={**headers, "Content-Type": "application/json"})
    return head.replace(b"\r\n\r\n", f"\r\nContent-Length: {len(body)}\r\n\r\n".encode()) + body


def long_paths(host: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    for unit in ("eyJ", "password=", "%7B%7B", "a/", "gAAAA", "%20", "../", "%00"):
        path = f"/{unit * (PATH_LENGTH // len(unit))}"
        for prefix in ("", API, "/admin", "/static", "/streams"):
            yield f"{prefix}/{unit}…", request("GET", prefix + path[: PATH_LENGTH - len(prefix)], headers=host)
            query = f"{prefix}/?q={path[1 : PATH_LENGTH - 100]}"
            yield f"{prefix}/?q={unit}…", request("GET", query, headers=host)


def large_json(host: dict[str, str], member: Caller) -> Iterator[tuple[str, bytes]]:
    keys = json.dumps({f"key{number}": 1 for number in range(200_000)}).encode()
    bodies = {
        "200,000 keys": keys,
        "150,000 keys": json.dumps({f"k{number}": 1 for number in range(150_000)}, separators=(",", ":")).encode(),
        "a list of 1,200,000": b'{"custom_fields":[' + b"1," * 1_200_000 + b"1]}",
        "30 MB": b'{"first_name":"' + b"x" * 30_000_000 + b'"}',
        "100,000 brackets": b"[" * 100_000,
        "900 levels": b'{"custom_fields":' + b"[" * 900 + b"]" * 900 + b"}",
        "100 levels": b'{"custom_fields":' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}",
    }
    for _round in range(3):
        for name, body in bodies.items():
            yield f"sign-in: {name}", raw("POST", f"{API}/auth/sign-in/", host, body)
            yield f"lead: {name}", raw("POST", f"{API}/leads/", member.headers, body)


def large_fields(member: Caller) -> Iterator[tuple[str, bytes]]:
    """Fields over their limit in a request within its limit."""
    values: dict[str, list[Any]] = {
        "custom_fields": [{"text": "x" * 2_000_000}, {f"k{number}": 1 for number in range(40_000)}],
        "tags": [["x"] * 40_000, ["x" * 1_000_000]],
        "first_name": ["x" * 2_000_000],
        "phone": ["1" * 2_000_000],
    }
    for name, many in values.items():
        for value in many:
            body = json.dumps({"first_name": "Ada", name: value}).encode()
            yield name, raw("POST", f"{API}/leads/", member.headers, body)
    unknown = json.dumps({f"k{number}": 1 for number in range(45_000)}).encode()
    yield "45,000 unknown fields", raw("POST", f"{API}/leads/", member.headers, unknown)


def hostile_texts(length: int = HOSTILE_LENGTH) -> Iterator[str]:
    for unit in UNITS:
        yield BEGINNINGS.get(unit, "") + unit * (length // len(unit)) + "!"


def hostile_fields(document: dict[str, Any], member: Caller) -> Iterator[tuple[str, bytes]]:
    """Every text of every request body of the API's document, in turn, and every text of a query."""
    components = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        where = re.sub(r"\{[^}]*\}", "01a22197-2f2d-76f6-89e2-b6ba921d27a7", path)
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = _resolved(content.get("schema", {}), components)
            if "sign-out" not in path and "password" not in path:
                for name in _texts(schema, components):
                    for text in hostile_texts():
                        body = json.dumps({**_required(schema), name: text}).encode()
                        yield f"{method} {path} {name}", raw(method.upper(), where, member.headers, body)
            if method == "get" and "{" not in path:
                for parameter in operation.get("parameters", []):
                    if parameter.get("in") == "query" and parameter["schema"].get("type") == "string":
                        text = urllib.parse.quote(next(hostile_texts(15_000)))
                        query = f"{where}?{parameter['name']}={text}"
                        yield f"get {path} {parameter['name']}", request("GET", query, headers=member.headers)
    for header in ("X-Request-ID", "Idempotency-Key", "If-None-Match", "Authorization", "X-Tenant-ID", "Accept"):
        for unit in ("eyJ", "a", "-", ".", '"a", ', "Bearer "):
            headers = {**member.headers, header: unit * (HOSTILE_LENGTH // len(unit))}
            yield header, request("GET", f"{API}/leads/", headers=headers)


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    return components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _texts(schema: dict[str, Any], components: dict[str, Any]) -> Iterator[str]:
    for name, each in schema.get("properties", {}).items():
        if not each.get("readOnly") and _resolved(each, components).get("type", "object") in ("string", "object"):
            yield name


def _required(schema: dict[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(schema.get("required", []), "a")


def hostile_templates(port: int, member: Caller) -> Iterator[tuple[str, bytes]]:
    """The previews of templates whose bodies are as hostile as their limit of 50,000 characters allows."""
    for number, unit in enumerate((" ", "{{", "{{ a", "}} {{", "{{{")):
        body = {
            "template_key": f"hostile-{number}",
            "name": "Hostile",
            "channel": "email",
            "category": "follow_up",
            "language": "en",
            "subject": "x",
            "body": "x{{" + (unit * (49_000 // len(unit))).rstrip() + " " * 900 + "y",
        }
        made = request("POST", f"{API}/communication-templates/", headers=member.headers, body=body)
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(made)
            answer = client.recv(1 << 20).decode()
        location = re.search(r"(?i)\r\nlocation: *(\S+)", answer)
        if location is None:
            raise SystemExit(f"No template was made: {answer[-500:]}")
        yield "preview", request("GET", f"{location[1]}preview/", headers=member.headers)
