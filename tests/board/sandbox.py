"""What a unit's sandbox is worth in the running machine."""

import glob
import os

from tests.board.suite import ROOT

# systemd's own figure of every unit: 0 is nothing exposed, 10 everything. Others' programs do more
# than ours; the wipe's units argue each exception in themselves.
_WIDER = {"porchlight-wipe": 2.5, "porchlight-wipe-resume": 2.4, "porchlight-broker": 3,
          "porchlight-page": 3}
LIMITS = {unit: _WIDER.get(unit, 1.5) for unit in sorted(
    os.path.basename(path)[:-len(".service")] for path in glob.glob(f"{ROOT}/systemd/*.service"))}
NET_BIND_SERVICE = 1 << 10


def exposure(board, unit):
    said = board.run(f"systemd-analyze security --no-pager {unit}.service | tail -2")
    return float(said.split("service:")[1].split()[0])


def assert_held_by_the_kernel(board, unit, capabilities=0):
    """Not what the unit says but what the kernel holds its running process to."""
    pid = f"$(systemctl show -p MainPID --value {unit})"
    text = board.run(f"cat /proc/{pid}/status")
    status = dict(line.split(":", 1) for line in text.splitlines())
    for held in ("CapEff", "CapPrm", "CapBnd"):
        assert int(status[held], 16) == capabilities, (held, status[held])
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    assert status["Uid"].split()[0] != "0"
    code, said = board.call(f"nsenter -t {pid} -m touch /usr/x /etc/x")
    assert code != 0 and said.count("Read-only file system") == 2, said
    code, said = board.call(f"nsenter -t {pid} -m touch /home/x")
    assert code != 0 and ("Read-only file system" in said or "Permission denied" in said), said
