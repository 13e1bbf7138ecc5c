"""The sandbox's name server, by dnspython's resolver."""

from base64 import b64decode

import dns.exception
import dns.resolver
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tests.support.sandbox import HOST, Sandbox

DOMAIN = "kestrel.example"


@pytest.fixture
def resolver(sandbox: Sandbox) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [HOST], sandbox.ports["dns"]
    resolver.lifetime = resolver.timeout = 2
    return resolver


def text(resolver: dns.resolver.Resolver, name: str) -> list[str]:
    return [b"".join(record.strings).decode() for record in resolver.resolve(name, "TXT")]


def test_a_good_domain_has_all_records(sandbox: Sandbox, resolver: dns.resolver.Resolver) -> None:
    sandbox.dns(DOMAIN, preset="good")
    [mx] = resolver.resolve(DOMAIN, "MX")
    assert (mx.preference, mx.exchange.to_text()) == (10, f"mx.{DOMAIN}.")
    assert text(resolver, DOMAIN)[0].startswith("v=spf1 ")
    assert text(resolver, "_spf.sandbox.example") == ["v=spf1 ip4:192.0.2.0/24 -all"]
    assert text(resolver, f"_dmarc.{DOMAIN}") == [f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{DOMAIN}"]
    key = text(resolver, f"default._domainkey.{DOMAIN}")[0].partition("p=")[2]
    public = load_der_public_key(b64decode(key))
    assert isinstance(public, RSAPublicKey)
    assert public.key_size == 2048


def test_what_is_not_there_and_what_is_empty(sandbox: Sandbox, resolver: dns.resolver.Resolver) -> None:
    sandbox.dns(DOMAIN, preset="no-spf")
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve(DOMAIN, "TXT")
    for name in (f"nothing.{DOMAIN}", "unknown.example"):
        with pytest.raises(dns.resolver.NXDOMAIN):
            resolver.resolve(name, "TXT")
    # Of a real domain it knows nothing, which a check must not take for missing records.
    with pytest.raises(dns.resolver.NoNameservers):
        resolver.resolve("gmail.com", "MX")


@pytest.mark.parametrize(
    ("preset", "error"), [("servfail", dns.resolver.NoNameservers), ("silence", dns.exception.Timeout)]
)
def test_a_name_server_that_fails(
    sandbox: Sandbox, resolver: dns.resolver.Resolver, preset: str, error: type[Exception]
) -> None:
    sandbox.dns(DOMAIN, preset=preset)
    resolver.lifetime = resolver.timeout = 0.2
    for name in (DOMAIN, f"default._domainkey.{DOMAIN}"):
        with pytest.raises(error):
            resolver.resolve(name, "TXT")


def test_records_of_ones_own_and_long_answers(sandbox: Sandbox, resolver: dns.resolver.Resolver) -> None:
    long = [f"{number} {'x' * 230}" for number in range(5)]
    records = [{"type": "TXT", "value": value} for value in long]
    records.append({"name": f"links.{DOMAIN}", "type": "CNAME", "value": "lad.example."})
    sandbox.dns(DOMAIN, records=records)
    assert sorted(text(resolver, DOMAIN)) == long
    assert resolver.resolve(f"links.{DOMAIN}", "CNAME")[0].target.to_text() == "lad.example."


@pytest.mark.parametrize("values", [{"preset": "nonsense"}, {"records": [{"type": "MX", "value": "nonsense"}]}])
def test_nonsense_is_refused(sandbox: Sandbox, values: dict[str, object]) -> None:
    assert sandbox.client.post("/dns", json={"domain": DOMAIN, **values}).status_code == 400
