"""porchlight-wipe of a private prefix: how it is started, asked and ended."""

import struct

from tests.kit import local, wait
from tests.kit.place import program
from tests.kit.process import Process

CONF = """[venue]
id = 0123456789abcdef
[kiosk]
id = 1123456789abcdef
{kiosk}
[wipe]
enabled = {enabled}
[switch front]
line = sim:front
[broker b]
host = 127.0.0.1
tls = no
outside = no
"""


def write_conf(prefix, enabled="yes", kiosk=""):
    """A small porchlight.conf. `kiosk`: a line for that section."""
    (prefix / "etc/porchlight/porchlight.conf").write_text(CONF.format(enabled=enabled, kiosk=kiosk))


def socket_of(prefix):
    return prefix / "run/porchlight/wipe.sock"


def start(prefix, inside=(), said=None, binary=None):
    """Listens when this returns. `inside`: a command that runs the command behind it; `said`: a file."""
    wiper = Process("porchlight-wipe", [*inside, binary or program("porchlight-wipe"), "--prefix", prefix, "--listen"],
                    said or prefix / "wipe.said")
    wait.until(lambda: local.answers(socket_of(prefix)), wiper.said)
    return wiper


def outcomes(prefix, word, within=30.0):
    """{name: outcome}: of the results of one target, the last."""
    return {name: outcome for kind, outcome, _, name in local.wipe(socket_of(prefix), word, within) if kind == 1}


def results(prefix):
    """{name: outcome as a number}: what the record says of each target that has a result."""
    data = (prefix / "var/lib/porchlight-wipe/progress").read_bytes()
    run = max((data[at:at + 64] for at in (0, 4096)), key=lambda head: head[8:12][::-1])[32:48]
    found = {}
    for at in range(2 * 4096, len(data), 4096):
        magic, _, outcome = struct.unpack_from("=3I", data, at)
        if magic == 0x50524853 and data[at + 32:at + 48] == run:
            found[data[at + 48:at + 112].rstrip(b"\0").decode()] = outcome
    return found


def end(wiper):
    assert wiper.stop() == 0 and not wiper.trouble(), wiper.said()
