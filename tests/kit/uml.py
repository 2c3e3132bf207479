"""A second kernel as a process of ours (User-mode Linux), with file systems and volumes that the machine's
own kernel may lack. Its root is this machine's, read-only; what runs in it are this tree's programs."""

import json
import os
import subprocess
import sys

from tests.kit.place import ROOT

INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for at in /run /var/lib; do mount -t tmpfs none $at; done
mkdir -p /run/lib/modules /run/lvm /run/out /run/tmp
ln -s /usr/lib/uml/modules/$(uname -r) /run/lib/modules/
mount -t hostfs -o {out} none /run/out
echo 'activation {{ udev_sync=0 udev_rules=0 }} devices {{ use_devicesfile=0 }}' >/run/lvm/lvm.conf
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DM_DISABLE_UDEV=1 LVM_SYSTEM_DIR=/run/lvm TMPDIR=/run/tmp
ip link set lo up
cd {root}
BUILD={build} {python} -m {module} {words} >/run/out/said 2>&1
echo $? >/run/out/status
sync
echo o >/proc/sysrq-trigger
sleep 60
"""


def run(out, disks, module, *words, within=300):
    """Runs a module of ours inside, with the images as /dev/ubda, /dev/ubdb; its folder `out` is
    /run/out there. Gives what the module wrote to out/result."""
    init = out / "init"
    init.write_text(INIT.format(out=out, root=ROOT, build=os.environ.get("BUILD", "build/release"),
                                python=sys.executable, module=module, words=" ".join(map(str, words))))
    init.chmod(0o755)
    done = subprocess.run(
        ["linux.uml", "mem=512M", "rootfstype=hostfs", "rootflags=/", "ro", f"init={init}",
         f"uml_dir={out}/uml", "con=null", "con0=null,fd:1",
         *(f"ubd{n}={path}" for n, path in enumerate(disks))],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=within)
    said = (out / "said").read_text() if (out / "said").exists() else done.stdout[-3000:]
    assert (out / "status").exists() and (out / "status").read_text().strip() == "0", said
    return json.loads((out / "result").read_text())
