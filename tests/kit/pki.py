"""Certificate authorities and server certificates, made by openssl(1)."""

from datetime import datetime, timedelta, timezone

from tests.kit import process

CONFIG = """
[ca]
default_ca = here
[here]
dir = {dir}
new_certs_dir = {dir}
database = {dir}/index
serial = {dir}/serial
certificate = {dir}/ca.pem
private_key = {dir}/ca.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


def _openssl(*args):
    done = process.run(["openssl", *args])
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr}")


class Authority:
    """A CA of its own in a folder; `pem` is what clients pin."""

    def __init__(self, folder, name="Porchlight test CA"):
        folder.mkdir(parents=True)
        self.folder = folder
        self.pem = folder / "ca.pem"
        (folder / "index").touch()
        (folder / "serial").write_text("1000\n")
        (folder / "conf").write_text(CONFIG.format(dir=folder))
        self._key(folder / "ca.key")
        _openssl("req", "-x509", "-new", "-config", folder / "conf", "-extensions", "authority",
                 "-key", folder / "ca.key", "-subj", f"/CN={name}", "-days", "3650",
                 "-out", self.pem)

    @staticmethod
    def _key(path, kind="EC"):
        """PKCS#8, as openssl writes it today."""
        how = "ec_paramgen_curve:P-256" if kind == "EC" else "rsa_keygen_bits:2048"
        _openssl("genpkey", "-algorithm", kind, "-pkeyopt", how, "-out", path)

    def cross_sign(self, other, path):
        """The other authority's key under a certificate of this one."""
        asked = self.folder / f"{path.name}.csr"
        _openssl("x509", "-x509toreq", "-in", other.pem, "-signkey", other.folder / "ca.key",
                 "-out", asked)
        _openssl("x509", "-req", "-in", asked, "-CA", self.pem, "-CAkey", self.folder / "ca.key",
                 "-set_serial", "77", "-days", "3000", "-extfile", self.folder / "conf",
                 "-extensions", "authority", "-out", path)
        return path

    def server(self, name, hosts=("DNS:localhost", "IP:127.0.0.1"), begins=-1, ends=365,
               kind="EC", shown=False):
        """A server's (certificate, key). `shown`: it shows this authority's certificate too, as a
        server of set-up's does. `begins` and `ends` are days from now: a certificate
        that has expired, or is not yet valid, is as easily made as a good one."""
        now = datetime.now(timezone.utc)
        key, asked, pem = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        self._key(key, kind)
        _openssl("req", "-new", "-config", self.folder / "conf", "-key", key, "-subj",
                 f"/CN={name}", "-addext", "subjectAltName=" + ",".join(hosts), "-out", asked)
        stamps = [(now + timedelta(days=d)).strftime("%Y%m%d%H%M%SZ") for d in (begins, ends)]
        _openssl("ca", "-batch", "-notext", "-config", self.folder / "conf", "-in", asked,
                 "-startdate", stamps[0], "-enddate", stamps[1], "-out", pem)
        if shown:
            pem.write_text(pem.read_text() + self.pem.read_text())
        return pem, key
