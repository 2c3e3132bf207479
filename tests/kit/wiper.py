"""porchlight-wipe of a private prefix: how it is started, asked and ended."""

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


def start(prefix, inside=(), said=None):
    """Listens when this returns. `inside`: a command that runs the command behind it; `said`: a file."""
    wiper = Process("porchlight-wipe", [*inside, program("porchlight-wipe"), "--prefix", prefix, "--listen"],
                    said or prefix / "wipe.said")
    wait.until(lambda: local.answers(socket_of(prefix)), wiper.said)
    return wiper


def outcomes(prefix, word, within=30.0):
    """{name: outcome}: of the results of one target, the last."""
    return {name: outcome for kind, outcome, _, name in local.wipe(socket_of(prefix), word, within) if kind == 1}


def end(wiper):
    assert wiper.stop() == 0 and not wiper.trouble(), wiper.said()
