"""`porchlight outside --ntfy`: the server's installer makes the topic and its two users at a real ntfy, and
the relay that it puts in place rings there."""

import re

import pytest

from tests.kit import process
from tests.kit.broker import free_port
from tests.kit.outside_server import Server
from tests.kit.process import Process
from tests.phone.ntfy import binary
from tests.phone.serving import listening


@pytest.fixture(name="server")
def new_server(folder):
    made = Server(folder)
    with made.venue:
        yield made


def run_ntfy(server):
    """As the installer starts it, but for its place and port; no other server is told."""
    state, port = server.folder / "ntfy", free_port()
    state.mkdir()
    text = (server.carried / "relay/ntfy.yml").read_text()
    assert "https://localhost:2587" in text and "burst: 2000" in text
    conf = state / "server.yml"
    conf.write_text(re.sub('upstream-base-url: ".*"', 'upstream-base-url: ""', text).replace(
        "/var/lib/ntfy", str(state)).replace("127.0.0.1:2586", f"127.0.0.1:{port}"))
    ntfy = Process("ntfy", [binary(), "serve", "--config", conf], state / "log")
    server.venue.processes.append(ntfy)
    listening(port, ntfy)
    tools = server.folder / "tools"
    tools.mkdir()
    (tools / "ntfy").symlink_to(binary())
    return port, {"NTFY_STATE": state, "NTFY_CONFIG": conf}, tools


def status_of(port, topic, method, *who):
    said = process.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, *who,
                        f"http://127.0.0.1:{port}/{topic}" + ("/json?poll=1" if method == "GET" else "")])
    return int(said.stdout)


def test_the_relay_may_ring_the_topic_and_phones_may_listen(server):
    made = server.make("--ntfy")
    assert made.returncode == 0, made.stderr
    topic = re.search(r"push = https://localhost:2587/([0-9a-f]{24})\n", made.stdout)[1]
    port, env, tools = run_ntfy(server)
    done = server.install("--own-certificate", tools=tools, **env)
    assert done.returncode == 0, done.stderr
    password = re.search(r"user phones, password: (\S+)", done.stdout)[1]
    etc = server.root / "etc/porchlight"
    token = (etc / "credentials/push-first").read_text().strip()
    relay = ("-H", f"Authorization: Bearer {token}")
    phones = ("-u", f"phones:{password}")
    assert [status_of(port, topic, *one) for one in (
        ("POST", *relay), ("GET", *phones), ("POST", *phones), ("GET", *relay), ("GET",))] == [
            200, 200, 403, 403, 403]
    conf = (etc / "relay.conf").read_text()
    assert f"url = https://localhost:2587/{topic}\n" in conf and "click = https://localhost/#rang\n" in conf
    # A second run keeps the phones' password.
    done = server.install("--own-certificate", tools=tools, **env)
    assert done.returncode == 0 and "password: as before" in done.stdout, done
    assert status_of(port, topic, "GET", *phones) == 200
    sites = (server.root / "etc/nginx/nginx.conf").read_text()
    assert sites.count("porchlight-ntfy.conf;") == 1
