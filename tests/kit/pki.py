"""Certificate authorities and server certificates, as openssl(1) makes them."""

from datetime import datetime, timedelta, timezone
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def _key(kind):
    if kind == "EC":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _write_key(path, key):
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(host):
    """`host`: DNS:NAME or IP:ADDRESS."""
    kind, _, value = host.partition(":")
    return x509.DNSName(value) if kind == "DNS" else x509.IPAddress(ip_address(value))


class Authority:
    """A CA of its own in a folder; `pem` is what clients pin."""

    def __init__(self, folder, name="Porchlight test CA"):
        folder.mkdir(parents=True)
        self.folder, self.name, self.key = folder, _name(name), _key("EC")
        self.pem = folder / "ca.pem"
        self._sign(self.pem, self.name, self.key.public_key(), (0, 3650), *self._of_authority(self.key))

    @staticmethod
    def _of_authority(key):
        """The extensions of an authority's certificate, and which of them are critical."""
        usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                               "key_agreement", "encipher_only", "decipher_only"), False)
        return ((x509.BasicConstraints(ca=True, path_length=None), True),
                (x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), True),
                (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))

    def _sign(self, path, subject, public, days, *extensions):
        """Writes a certificate, valid between two days from now."""
        begins, ends = (datetime.now(timezone.utc) + timedelta(days=d) for d in days)
        made = x509.CertificateBuilder().issuer_name(self.name).subject_name(subject).public_key(public) \
            .serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
        for extension, critical in extensions:
            made = made.add_extension(extension, critical)
        path.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def cross_sign(self, other, path):
        """The other authority's key under a certificate of this one."""
        self._sign(path, other.name, other.key.public_key(), (0, 3000), *self._of_authority(other.key))
        return path

    def server(self, name, hosts=("DNS:localhost", "IP:127.0.0.1"), begins=-1, ends=365,
               kind="EC", shown=False):
        """A server's (certificate, key). `shown`: it shows this authority's certificate too, as a
        server of set-up's does. `begins` and `ends` are days from now: a certificate
        that has expired, or is not yet valid, is as easily made as a good one."""
        key, pem, private = _key(kind), self.folder / f"{name}.pem", self.folder / f"{name}.key"
        _write_key(private, key)
        names = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
        self._sign(pem, _name(name), key.public_key(), (begins, ends), (names, False))
        if shown:
            pem.write_text(pem.read_text() + self.pem.read_text())
        return pem, private
