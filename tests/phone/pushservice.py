"""A push service of the tests' own, and the browser's side of its subscriptions: an independent
reading of RFC 8030, 8188, 8291 and 8292, on the cryptography of Debian's python3-cryptography."""

import base64
import json
import secrets
import ssl
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.kit import wait

CURVE = ec.SECP256R1()


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    assert "=" not in text, "padded base64url"
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hkdf(salt, key, info, length):
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(key)


class Subscription:
    """What a browser makes: an address at the service, and keys that the service never sees."""

    def __init__(self, service):
        self.private = ec.generate_private_key(CURVE)
        self.public = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint)
        self.auth = secrets.token_bytes(16)
        self.path = "/push/" + secrets.token_urlsafe(24)
        self.endpoint = service.url + self.path
        self.answer, self.got = 201, []
        service.subscriptions[self.path] = self

    def keys(self):
        return {"endpoint": self.endpoint, "p256dh": b64(self.public), "auth": b64(self.auth)}

    def open(self, body):
        """The text of a message, by RFC 8291 and 8188."""
        salt, size, length = body[:16], struct.unpack(">I", body[16:20])[0], body[20]
        sender, sealed = body[21:21 + length], body[21 + length:]
        assert length == 65 and size >= len(sealed) and len(body) <= 4096
        other = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender)
        key = hkdf(self.auth, self.private.exchange(ec.ECDH(), other),
                   b"WebPush: info\0" + self.public + sender, 32)
        plain = AESGCM(hkdf(salt, key, b"Content-Encoding: aes128gcm\0", 16)).decrypt(
            hkdf(salt, key, b"Content-Encoding: nonce\0", 12), sealed, None)
        text, end = plain.rstrip(b"\0")[:-1], plain.rstrip(b"\0")[-1]
        assert end == 2, "not the last record"
        return text.decode()


def believe(header, origin, key):
    """Judges an Authorization header as RFC 8292 has a service do; its claims."""
    scheme, parts = header.split(" ", 1)
    fields = dict(p.strip().split("=", 1) for p in parts.split(","))
    head, claims, signature = fields["t"].split(".")
    assert scheme == "vapid" and json.loads(unb64(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = unb64(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                     int.from_bytes(raw[32:], "big"))
    assert key is None or unb64(fields["k"]) == key, "another sender than it was subscribed for"
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(fields["k"]))
    public.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(unb64(claims))
    assert claims["aud"] == origin and 0 < claims["exp"] - time.time() <= 24 * 3600, claims
    assert claims["sub"].startswith(("mailto:", "https:")), claims
    return claims


class PushService:
    """Started at once. `vapid`: the sender's key, once it is known. Each message that a service
    would take is opened and noted in its subscription's `got`: (when, text, headers)."""

    def __init__(self, certificate, port=0):
        self.subscriptions, self.faults, self.vapid = {}, [], None
        self.certificate, self.port, self.server, self.asked = certificate, port, None, 0
        self.refused_at = None  # the last time
        self.start()

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    retry_after = 2

    def start(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = service.take(self.path, self.headers, body)
                self.send_response(status)
                if status in (429, 503):
                    self.send_header("Retry-After", str(service.retry_after))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def take(self, path, headers, body):
        self.asked += 1
        one = self.subscriptions.get(path)
        if one is None:
            return 404
        if one.answer != 201:
            self.refused_at = time.monotonic()
            return one.answer
        try:
            believe(headers["Authorization"], self.url, self.vapid)
            assert headers["Content-Encoding"] == "aes128gcm"
            assert int(headers["TTL"]) > 3500 and headers["Urgency"] == "high", dict(headers)
            one.got.append((time.monotonic(), one.open(body), dict(headers), len(body)))
        except Exception as fault:  # reported to the test, which fails by it
            self.faults.append(repr(fault))
            return 400
        return 201

    def wait(self, one, count=1):
        return wait.until(lambda: one.got[count - 1] if len(one.got) >= count else None,
                          lambda: f"push number {count}; came {one.got}, faults {self.faults}",
                          60)
