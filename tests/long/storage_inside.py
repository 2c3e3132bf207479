"""Runs inside the second kernel (kit/uml.py): makes one kind of storage, plants the targets, and asks plan,
drill and wipe. Writes what they said to /run/out/result."""

import json
import subprocess
import sys
from pathlib import Path

from tests.kit import local, process, wait
from tests.kit.place import program
from tests.kit.process import Process
from tests.kit.storage import AFTERWARDS, KINDS, SIZES, plan, planting

PREFIX = Path("/run/kiosk")
SOCKET = PREFIX / "run/porchlight/wipe.sock"


def sh(script, *words):
    done = subprocess.run(["sh", "-ec", script, "sh", *words], capture_output=True, text=True)
    assert done.returncode == 0, (script, done.stdout, done.stderr)


def prepare(kind, modules):
    for module in modules.split():
        subprocess.run(["modprobe", "-d", "/run", module], check=True)
    for name in ("etc/porchlight", "run/porchlight", "var/lib", f"srv/{kind}"):
        (PREFIX / name).mkdir(parents=True)
    (PREFIX / "etc/porchlight/wipe.plan").write_text(plan([kind]))
    return str(PREFIX / "srv" / kind)


def keep(disks):
    """What is on the disks now, for the scan outside."""
    sh("sync; echo 3 >/proc/sys/vm/drop_caches")
    for n, device in enumerate(disks):
        subprocess.run(["cp", "--sparse=always", device, f"/run/out/before{n}"], check=True)


def wiper(*words):
    return process.run([program("porchlight-wipe"), "--prefix", PREFIX, *words])


def ask(*asked):
    """{word: {name: outcome}}, the plan first."""
    listed = json.loads(wiper("--plan", "--json").stdout)["targets"]
    said = {"plan": {t["name"]: t["best"] for t in listed}}
    server = Process("wipe", [program("porchlight-wipe"), "--prefix", PREFIX, "--listen"],
                     Path("/run/wipe.said"))
    wait.until(lambda: local.answers(SOCKET), server.said)
    for word in asked:
        if callable(word):
            word()
        else:
            said[word.lower()] = {n: o for k, o, _, n in local.wipe(SOCKET, word, 120) if k == 1}
    assert server.stop() == 0
    print(server.said())
    return said


def one_kind(kind, word):
    made = KINDS[kind]
    where = prepare(kind, made.modules)
    disks = ["/dev/ubda", "/dev/ubdb"][:made.disks]
    words = [*disks, "none"][:2] + [where, "0"]
    sh(made.make, *words)
    sh(planting(word) + AFTERWARDS.get(kind, ""), *words)
    keep(disks)
    said = ask("DRILL", "WIPE")
    subprocess.run(["umount", where], check=False)
    return said


def failing_disk(word, megabytes):
    """Every write fails from the moment of the wipe; the file system turns read-only. Later the disk
    writes again."""
    where = prepare("flaky", "dm-mod dm-flakey")
    table = f"0 {int(megabytes) << 11} {{}} /dev/ubda 0"
    load = "dmsetup suspend $1 flaky; dmsetup reload flaky --table \"$2\"; dmsetup resume flaky"

    def fail():
        sh(load, "--", table.format("flakey") + " 0 100 1 error_writes")
    sh("dmsetup create flaky --table \"$2\"; mkfs.ext4 -q /dev/mapper/flaky; "
       "mount -o errors=remount-ro /dev/mapper/flaky $1", where, table.format("linear"))
    sh(planting(word), "", "", where)
    keep(["/dev/ubda"])
    said = ask(fail, "WIPE")
    sh("umount -l $1", where)
    sh(load, "--noflush --nolockfs", table.format("linear"))
    sh("e2fsck -fy /dev/mapper/flaky || test $? -lt 4; mount /dev/mapper/flaky $1", where)
    said["resumed"] = wiper("--resume").returncode
    said["then"] = wiper("--resume").stderr
    sh("umount $1", where)
    return said


def writing_service(word):
    """A program of another user in a unit's control group has the list open to write to it. What is said
    while the plan does not name that unit, and once it does."""
    where = prepare("kept", "")
    sh(planting(word) + "chmod 777 $3; chmod 666 list", "", "", where)
    sh("mkdir /run/group; mount -t cgroup2 none /run/group; mkdir /run/group/keeper.service")
    keeper = Process("keeper", ["sh", "-ec", "echo 0 >/run/group/keeper.service/cgroup.procs; exec setpriv "
                                "--reuid 65534 --clear-groups sh -c 'exec 7<>\"$0\"; echo open; sleep 999' "
                                f"{where}/list"], Path("/run/keeper.said"))
    wait.until(lambda: "open" in keeper.said(), keeper.said)
    said = {"listed": wiper("--plan").stdout, "without": ask("DRILL")}
    with open(PREFIX / "etc/porchlight/wipe.plan", "a") as f:
        f.write("[unit keeper]\nunit = keeper.service\n")
    said["with"] = ask("DRILL", "WIPE")
    keeper.kill()
    return said


def shorter_on_fat(word):
    """Files that were longer: the rest of their last cluster keeps what they had."""
    where = prepare("fat", KINDS["vfat"].modules)
    sh("mkfs.vfat -s 64 /dev/ubda >/dev/null; mount -t vfat /dev/ubda $1", where)
    sh(planting("nothing") + f"for f in key list sheets/1; do yes {word} | head -c 30000 >$f; done; sync; "
       "truncate -s 9 key list sheets/1; sync", "", "", where)
    keep(["/dev/ubda"])
    said = ask("WIPE")
    sh("umount $1", where)
    return said


def another_stick(word, kind):
    """At night another stick is on the same device, which has the same number."""
    where = prepare("stick", KINDS["vfat"].modules + " loop")
    swap = f"losetup /dev/loop0 $2; mount -t {kind} /dev/loop0 $1"
    made = {"vfat": "mkfs.vfat -i 1234567$n", "xfs": "mkfs.xfs -q"}[kind]
    sh(f"for n in a b; do truncate -s {SIZES.get(kind, 4)}M /run/$n; {made} /run/$n >/dev/null; done; " + swap,
       where, "/run/a")
    sh(planting(word), "", "", where)
    said = ask()
    sh("umount $1; losetup -d /dev/loop0; " + swap, where, "/run/b")
    said |= ask("WIPE")
    sh("umount $1; losetup -d /dev/loop0; " + swap, where, "/run/a")
    said["resumed"] = wiper("--resume").returncode
    said["then"] = ask("STATUS")["status"]
    sh("umount $1", where)
    sh("! tr -d '\\0' </run/a | grep -q $1", word)
    return said


def raid_of_lvm(word, loses):
    """A RAID volume of two disks, of which the second is missing after a restart."""
    where = prepare("raid", "dm-mod dm-raid raid1")
    sh("pvcreate -qq -ff -y $1 $2 >/dev/null; vgcreate -qq venue $1 $2; "
       "lvcreate -qq -y -Wn -Zn --type raid1 -m 1 --nosync -L 40M -n data venue; "
       "mkfs.ext4 -q /dev/venue/data; mount /dev/venue/data $3", "/dev/ubda", "/dev/ubdb", where)
    sh(planting(word), "", "", where)
    if loses == "True":
        sh("umount $3; vgchange -qq -an venue >/dev/null; dd if=/dev/zero of=$2 bs=1M count=1 2>/dev/null; "
           "vgchange -qq -ay --activationmode degraded venue >/dev/null 2>&1; "
           "mount /dev/venue/data $3",
           "", "/dev/ubdb", where)
    keep(["/dev/ubda", "/dev/ubdb"])
    said = ask("DRILL", "WIPE")
    sh("umount $1", where)
    return said


OTHERS = {"raid": raid_of_lvm, "flaky": failing_disk, "kept": writing_service, "fat": shorter_on_fat,
          "stick": another_stick}
said = OTHERS[sys.argv[1]](*sys.argv[2:]) if sys.argv[1] in OTHERS else one_kind(*sys.argv[1:])
Path("/run/out/result").write_text(json.dumps(said))
