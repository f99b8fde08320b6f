"""Certificates of one run's own, for servers that speak TLS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@attrs.frozen
class Authority:
    """A key, and a certificate for it that it signed itself."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    @classmethod
    def make(cls, folder: Path, host: str) -> Authority:
        """Return one for *host*, an address; it is valid for an hour."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "buildbot-ship test")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        made = cls(key, certificate, folder)
        made.bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return made

    @property
    def bundle(self) -> Path:
        """Return where the certificate is."""
        return self.folder / "authority.pem"

    @property
    def key_file(self) -> Path:
        """Return where the key is."""
        return self.folder / "authority.key"

    @property
    def settings(self) -> Mapping[str, str]:
        """Return the registry's settings for TLS."""
        return {"certificate": str(self.bundle), "key": str(self.key_file)}
