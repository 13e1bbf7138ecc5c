"""A certificate of its own for 127.0.0.1, made at the first start of a home.

Made in a process of its own, because the library for it would stay in memory.
"""

import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

VALID_DAYS: Final = 3650


class Certificate:
    """The files in a home. Clients trust ``certificate.pem``."""

    def __init__(self, home: Path) -> None:
        self.path = home / "certificate.pem"
        self._key = home / "certificate.key"
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Return the server's TLS context. The certificate must be made before."""
        if self._context is None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(self.path, self._key)
        return self._context

    def make(self) -> None:
        if not self.path.exists():
            subprocess.run([sys.executable, "-m", __name__, str(self.path), str(self._key)], check=True)


def write_certificate(path: Path, key_path: Path) -> None:
    """Write a new key and a self-signed certificate for localhost and 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "LAD sandbox")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


if __name__ == "__main__":
    write_certificate(Path(sys.argv[1]), Path(sys.argv[2]))
