"""`porchlight outside`: one folder for a server of the venue's own, and its installer, which takes a folder
for the server's root. Broker, registrar and relay then run from what it put there; the certificate comes
from an ACME server of the tests' own."""

import json
import shutil

import pytest

from tests.kit import local, pki, process, wait
from tests.kit.broker import free_port
from tests.kit.outside_server import Server

@pytest.fixture(name="server")
def new_server(folder):
    made = Server(folder)
    with made.venue:
        yield made


def test_one_folder_makes_broker_registrar_and_relay(server):
    said = server.make()
    assert said.returncode == 0, said.stderr
    assert "sudo sh install.sh" in said.stdout and "relay = yes" in said.stdout \
        and "https://localhost/" in said.stdout
    assert server.carried.stat().st_mode & 0o777 == 0o700
    done = server.install("--own-certificate")
    assert done.returncode == 0, done.stderr
    server.serve()
    server.start_relay()
    wait.until(lambda: all(b["connected"] for b in server.venue.status()["brokers"]),
               server.daemon.said, 30)
    sock = server.venue.prefix / "run/porchlight/admin.sock"
    assert local.control(sock, "phones")["relays"] == 1
    key = (server.venue.etc / "credentials/venue.key").read_text().strip()
    assert not [f for f in server.carried.rglob("*") if f.is_file() and key in f.read_text()]


def test_without_its_accounts_or_over_another_folder_it_is_not_made(server):
    assert server.make(root="/nowhere/root.key").returncode == 1 and not server.carried.exists()
    server.carried.mkdir()
    again = server.venue.cli("outside", "--root", server.venue.root, server.carried)
    assert again.returncode == 1 and "exists" in again.stderr
    shutil.rmtree(server.venue.etc / "outside")
    lacking = server.venue.cli("outside", "--root", server.venue.root, server.carried)
    assert lacking.returncode == 1 and "porchlight setup" in lacking.stderr
    here = server.venue.again(broker="here")
    assert here.returncode == 0, here.stderr
    lacking = server.venue.cli("outside", "--root", server.venue.root, server.carried)
    assert lacking.returncode == 1 and "elsewhere or both" in lacking.stderr


# --- two servers ----------------------------------------------------------------------------------------

def web_server(server, root):
    """nginx as the installer left it below this root, at a port of its own."""
    port = free_port()
    conf = root / "etc/nginx/nginx.conf"
    text = conf.read_text().replace("listen 443", f"listen 127.0.0.1:{port}")
    for place in (" /etc/", " /usr/", " /run"):
        text = text.replace(place, f" {root}{place[1:]}")
    for inner, own in server.ports.items():
        text = text.replace(f"127.0.0.1:{inner}", f"127.0.0.1:{own}")
    (root / "run").mkdir(exist_ok=True)
    conf.write_text(f"user root;\ndaemon off;\n{text}")
    nginx = server.venue.spawn("nginx", "nginx", "-e", "stderr", "-c", conf)
    wait.until(lambda: server.venue.reaches(port), nginx.said)
    return port


def asked(name, port, path, *headers):
    """(status, headers) of a request to that server."""
    done = process.run(["curl", "-sk", "--http1.1", "--max-time", "2", "-o", "/dev/null", "-D", "-", "--resolve",
                        f"{name}:{port}:127.0.0.1", *headers, f"https://{name}:{port}{path}"])
    return int(done.stdout.split()[1]), done.stdout


UPGRADE = [word for line in ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                             "Sec-WebSocket-Protocol: mqtt", "Sec-WebSocket-Key: cG9yY2hsaWdodCBjaGVjaw==")
           for word in ("-H", line)]


def test_page_and_broker_are_two_servers(server):
    said = server.make("--page", "kettle.example.org")
    assert said.returncode == 0, said.stderr
    plain = " ".join(said.stdout.split())
    assert "page = https://kettle.example.org/" in plain and "server kettle.example.org" in plain
    page, root = server.carried.with_name("outside-page"), server.folder / "page-server"
    assert sorted(str(f.relative_to(page)) for f in page.rglob("*") if f.is_file()) == [
        "install.sh", "settings", "web/install.sh", "web/nginx.conf"], "no key goes to the page's server"
    assert server.install("--own-certificate").returncode == 0
    done = server.install("--own-certificate", carried=page, root=root)
    assert done.returncode == 0, done.stderr
    assert not (server.root / "usr/share/porchlight/page/index.html").exists()
    assert not (root / "etc/mosquitto").exists() and not (root / "etc/porchlight").exists()
    relay = (server.root / "etc/porchlight/relay.conf").read_text()
    assert "contact = https://kettle.example.org/\n" in relay and "host = localhost\n" in relay
    server.serve()
    (root / "usr/share/porchlight/page/index.html").write_text("the page")
    broker_port, page_port = web_server(server, server.root), web_server(server, root)
    assert fetched("kettle.example.org", page_port) == "the page"
    status, headers = asked("kettle.example.org", page_port, "/index.html")
    assert status == 200 and "connect-src 'self' wss://localhost" in headers, headers
    assert asked("kettle.example.org", page_port, "/mqtt", *UPGRADE)[0] == 404
    assert asked("localhost", broker_port, "/mqtt", *UPGRADE)[0] == 101
    assert asked("localhost", broker_port, "/index.html")[0] == 404


def test_a_folder_for_one_of_two_servers_is_for_that_one_alone(server):
    assert server.make("--page", "kettle.example.org").returncode == 0
    page = server.carried.with_name("outside-page")
    for carried, name in ((None, "localhost"), (page, "kettle.example.org")):
        done = server.install("--own-certificate", "--domain", "else.example.org", carried=carried)
        assert done.returncode == 1 and f"for {name} alone" in done.stderr, done
    shutil.rmtree(server.carried)
    again = server.venue.cli("outside", "--root", server.venue.root, "--page", "kettle.example.org",
                             server.carried)
    assert again.returncode == 1 and "outside-page exists" in again.stderr, again
    slash = server.venue.cli("outside", "--root", server.venue.root, "--page", "kettle.example.org",
                             f"{server.carried}/")
    assert slash.returncode == 1 and "outside-page exists" in slash.stderr, slash
    far = server.venue.cli("outside", "--root", server.venue.root, server.carried.parent / "none/outside")
    assert far.returncode == 1 and "Is the stick mounted?" in far.stderr, far
    bad = server.venue.cli("outside", "--root", server.venue.root, "--page", "https://kettle", server.carried)
    assert bad.returncode == 2 and "no host name" in bad.stderr, bad


# --- what is there already ------------------------------------------------------------------------------

NGINX = """user root;
daemon off;
pid {root}/nginx.pid;
events {{ }}
http {{
    access_log off;
    gzip on;
    include {root}/etc/nginx/conf.d/*.conf;
    include {root}/etc/nginx/sites-enabled/*;
}}
"""
BLOG = """server {{
    listen 127.0.0.1:{port} ssl default_server;
    server_name blog.localhost;
    ssl_certificate {crt};
    ssl_certificate_key {key};
    location / {{ return 200 "the blog"; }}
}}
"""


def fetched(name, port):
    done = process.run(["curl", "-sk", "--resolve", f"{name}:{port}:127.0.0.1",
                        f"https://{name}:{port}/index.html"])
    return done.stdout


def test_other_sites_and_brokers_stay_as_they_were(server):
    """They are named, and go on: nginx serves both sites, and our broker is a second one."""
    assert server.make().returncode == 0
    port, authority = free_port(), pki.Authority(server.folder / "blog-ca")
    crt, key = authority.server("blog", ("DNS:blog.localhost",))
    etc = server.root / "etc"
    kept = {etc / "nginx/nginx.conf": NGINX.format(root=server.root),
            etc / "nginx/sites-enabled/blog": BLOG.format(port=port, crt=crt, key=key),
            etc / "mosquitto/mosquitto.conf": "include_dir /etc/mosquitto/conf.d\n",
            etc / "mosquitto/conf.d/house.conf": "listener 1883\n"}
    for path, text in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = server.install("--own-certificate")
    assert done.returncode == 0, done.stderr
    for path, text in kept.items():
        assert path.read_text() == text, path
    assert f"Kept as they were: {etc}/mosquitto/conf.d/house.conf {etc}/nginx/sites-enabled/blog" \
        in done.stdout, done.stdout
    server.serve("mosquitto-porchlight")
    page = server.root / "usr/share/porchlight/page"
    (page / "index.html").write_text("the page")
    ours = etc / "nginx/conf.d/porchlight.conf"
    ours.write_text(ours.read_text().replace("listen 443", f"listen 127.0.0.1:{port}").replace(
        "listen 80;", f"listen 127.0.0.1:{free_port()};").replace("root /usr", f"root {server.root}/usr")
        .replace(" /etc/nginx", f" {etc}/nginx"))
    nginx = server.venue.spawn("nginx", "nginx", "-e", "stderr", "-c", etc / "nginx/nginx.conf")
    wait.until(lambda: server.venue.reaches(port), nginx.said)
    assert (fetched("blog.localhost", port), fetched("localhost", port)) == ("the blog", "the page")
    # Again: nothing is done twice.
    assert server.install("--own-certificate").returncode == 0
    assert ours.read_text().count("limit_conn_zone") == 1


# --- the certificate ------------------------------------------------------------------------------------

def test_a_certificate_that_is_given_is_looked_at_first(server):
    assert server.make().returncode == 0
    authority = pki.Authority(server.folder / "public")
    good = authority.server("good")
    other = authority.server("bad", ("DNS:else.example.org",))
    for chain, key, why in ((other[0], other[1], "no certificate for localhost"),
                            (good[0], other[1], "is not the key of"),
                            ("/nowhere", good[1], "no certificate for localhost")):
        done = server.install("--certificate", chain, key)
        assert done.returncode == 1 and why in done.stderr and not server.root.exists(), done
    done = server.install("--certificate", *good)
    assert done.returncode == 0, done.stderr
    nginx = server.root / "etc/nginx"
    assert (nginx / "porchlight.crt").read_bytes() == good[0].read_bytes()
    assert (nginx / "porchlight.key").resolve().stat().st_mode & 0o777 == 0o600


def test_members_may_open_the_page_under_another_name(server):
    assert server.make().returncode == 0
    done = server.install("--domain", "kettle.example.org", "--own-certificate")
    assert done.returncode == 0, done.stderr
    assert "server_name kettle.example.org;" in (server.root / "etc/nginx/nginx.conf").read_text()
    relay = (server.root / "etc/porchlight/relay.conf").read_text()
    assert "contact = https://kettle.example.org/\n" in relay and "host = localhost\n" in relay
    for bad in ("kettle example", "-x", "a/b"):
        done = server.install("--domain", bad, "--own-certificate")
        assert done.returncode == 1 and "no host name" in done.stderr, done


class Acme:
    """pebble, as Debian has it."""

    def __init__(self, venue, folder):
        authority = pki.Authority(folder / "acme")
        crt, key = authority.server("acme")
        self.port, self.http, self.folder = free_port(), free_port(), folder
        conf = folder / "pebble.json"
        conf.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{free_port()}", "certificate": str(crt),
            "privateKey": str(key), "httpPort": self.http, "tlsPort": free_port()}}))
        self.pebble = venue.spawn("sh", "env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0",
                                  "pebble", "-config", conf)
        wait.until(lambda: venue.reaches(self.port), self.pebble.said)
        self.env = {"REQUESTS_CA_BUNDLE": authority.pem, "CERTBOT_LIVE": folder / "le/live",
                    "CERTBOT_OPTIONS": f"--server https://localhost:{self.port}/dir "
                                       f"--http-01-port {self.http} --config-dir {folder}/le "
                                       f"--work-dir {folder}/work --logs-dir {folder}/logs"}


def test_a_certificate_comes_from_certbot(server):
    assert server.make().returncode == 0
    acme = Acme(server.venue, server.folder)
    done = server.install("--mail", "host@example.org", **acme.env)
    assert done.returncode == 0, done.stdout + done.stderr
    chain = server.root / "etc/nginx/porchlight.crt"
    said = process.run(["openssl", "x509", "-in", chain, "-noout", "-issuer", "-checkhost",
                        "localhost"]).stdout
    assert "Pebble" in said and "does match" in said, said
    first = chain.read_bytes()
    # A second run keeps it as long as it is good.
    done = server.install("--mail", "host@example.org", **acme.env)
    assert done.returncode == 0 and chain.read_bytes() == first, done.stderr


def test_without_a_certificate_it_stops_and_says_why(server):
    assert server.make().returncode == 0
    acme = Acme(server.venue, server.folder)
    acme.pebble.stop()
    done = server.install("--mail", "host@example.org", **acme.env)
    assert done.returncode == 1 and "certbot got no certificate for localhost" in done.stderr
    assert "--own-certificate" in done.stderr
