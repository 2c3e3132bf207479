"""The board's disk: a Debian arm64 tree, a small initramfs, an ext4 image.

Nothing is mounted, no foreign program is run. Each step is kept below build/board/ under a hash of
all that went into it, so a second call costs nothing.
"""

import glob
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import sys

from tests.board.suite import BUILD, INITRAMFS_MODULES, ROOT, SUITES

GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest")
HOOKS = "/usr/share/mmdebstrap/hooks/merged-usr"

# Units of a general Debian that a kiosk's boot does not need; each costs seconds under emulation.
MASKED = """
    ldconfig.service systemd-hwdb-update.service systemd-journal-catalog-update.service
    systemd-firstboot.service systemd-binfmt.service systemd-pcrphase-sysinit.service
    systemd-pcrphase.service systemd-networkd-wait-online.service e2scrub_reap.service
    e2scrub_all.timer fstrim.timer getty@tty1.service serial-getty@ttyAMA0.service
    serial-getty@hvc0.service getty-static.service cryptdisks.service cryptdisks-early.service
    systemd-logind.service x11-common.service hwclock.service rc-local.service
    systemd-machine-id-commit.service systemd-journal-flush.service systemd-update-done.service
    systemd-network-generator.service systemd-networkd-persistent-storage.service
    systemd-udev-load-credentials.service systemd-user-sessions.service
    dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount
    sys-kernel-config.mount sys-fs-fuse-connections.mount modprobe@configfs.service
    modprobe@fuse.service modprobe@efi_pstore.service
    systemd-ask-password-wall.path systemd-ask-password-console.path
    systemd-tmpfiles-clean.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
    logrotate.timer man-db.timer
""".split()


# udev gets to know what a kiosk has. A hundred terminals, clocks and banks of memory besides would
# hold up the network's device for half of the boot.
TRIGGER = """[Service]
ExecStart=
ExecStart=-udevadm trigger --action=add --prioritized-subsystem=net,block \\
    {}
""".format(" ".join(f"--subsystem-match={name}" for name in
                    "net block gpio drm graphics input platform amba pci virtio virtio-ports rtc "
                    "misc".split()))


def run(*command, **kw):
    return subprocess.run(command, check=True, **kw)


def digest(*parts):
    """A short name for all that goes into a step: strings, and files or trees by content."""
    h = hashlib.sha256()
    for part in parts:
        if not (part.startswith("/") and os.path.exists(part)):
            h.update(b"s" + part.encode() + b"\0")
            continue
        paths = [part] if os.path.isfile(part) else sorted(
            os.path.join(d, f) for d, _, names in os.walk(part) for f in names)
        for path in paths:
            h.update(os.path.relpath(path, part).encode() + b"\0")
            if os.path.islink(path):
                h.update(os.readlink(path).encode())
            else:
                h.update(b"%o" % os.stat(path).st_mode)
                with open(path, "rb") as f:
                    h.update(hashlib.sha256(f.read()).digest())
    return h.hexdigest()[:16]


def once(path, make):
    """Calls make(scratch path) unless `path` is there; it appears whole or not at all."""
    if os.path.exists(path):
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    scratch = f"{path}.{os.getpid()}"
    try:
        make(scratch)
        for stale in glob.glob(path.rsplit("-", 1)[0] + "-*"):
            if stale != scratch:
                shutil.rmtree(stale) if os.path.isdir(stale) else os.unlink(stale)
        os.rename(scratch, path)
    finally:
        if os.path.isdir(scratch):
            shutil.rmtree(scratch)
        elif os.path.exists(scratch):
            os.unlink(scratch)
    return path


def tree(suite):
    """The unpacked Debian tree of a suite."""
    packages = SUITES[suite]

    def make(scratch):
        run("mmdebstrap", "--quiet", "--variant=extract", "--arch=arm64", f"--hook-dir={HOOKS}",
            "--aptopt=APT::Install-Recommends \"false\"", "--include=" + ",".join(packages),
            suite, scratch)
        settle(scratch)

    key = digest(suite, *packages, GUEST, os.path.abspath(__file__))
    return once(os.path.join(BUILD, f"tree-{suite}-{key}"), make)


def settle(root):
    """What the packages' maintainer scripts would have done, as far as a kiosk needs it."""
    for name in ("passwd", "group"):
        shutil.copy(f"{root}/usr/share/base-passwd/{name}.master", f"{root}/etc/{name}")
    for link, to in (("awk", "mawk"), ("which", "which.debianutils")):
        if not os.path.lexists(f"{root}/usr/bin/{link}"):
            os.symlink(to, f"{root}/usr/bin/{link}")
    for folder in ("home", "media", "mnt", "opt", "srv"):
        os.makedirs(f"{root}/{folder}", exist_ok=True)
    version = kernel_version(root)
    run("depmod", "-b", root, version)
    with open(f"{root}/etc/hostname", "w") as f:
        f.write("board\n")
    with open(f"{root}/etc/hosts", "w") as f:
        f.write("127.0.0.1 localhost board\n10.0.2.2 broker.board\n")
    with open(f"{root}/etc/fstab", "w") as f:
        f.write("/dev/vda / ext4 defaults 0 0\n")
    with open(f"{root}/etc/machine-id", "w") as f:
        f.write("0123456789abcdef0123456789abcdef\n")
    os.makedirs(f"{root}/etc/systemd/network", exist_ok=True)
    shutil.copy(f"{GUEST}/wire.network", f"{root}/etc/systemd/network/10-wire.network")
    os.makedirs(f"{root}/etc/systemd/journald.conf.d", exist_ok=True)
    shutil.copy(f"{GUEST}/journald.conf", f"{root}/etc/systemd/journald.conf.d/board.conf")
    os.makedirs(f"{root}/usr/local/lib/board", exist_ok=True)
    shutil.copy(f"{GUEST}/agent", f"{root}/usr/local/lib/board/agent")
    shutil.copy(f"{GUEST}/board-agent.service", f"{root}/etc/systemd/system/")
    os.makedirs(f"{root}/etc/systemd/system/systemd-udev-trigger.service.d")
    with open(f"{root}/etc/systemd/system/systemd-udev-trigger.service.d/board.conf", "w") as f:
        f.write(TRIGGER)
    for unit in MASKED:
        path = f"{root}/etc/systemd/system/{unit}"
        if not os.path.lexists(path):
            os.symlink("/dev/null", path)
    systemctl(root, "enable", "board-agent.service", "systemd-networkd.service")
    systemctl(root, "set-default", "multi-user.target")


def systemctl(root, *words):
    run("systemctl", "--quiet", f"--root={root}", *words)


def kernel_version(root):
    (path,) = glob.glob(f"{root}/usr/lib/modules/*")
    return os.path.basename(path)


def initramfs(suite):
    """busybox, the modules that reach the disk, and guest/init: a gzipped cpio."""
    root = tree(suite)
    version = kernel_version(root)

    def make(scratch):
        work = scratch + ".d"
        os.makedirs(f"{work}/bin")
        os.makedirs(f"{work}/modules")
        shutil.copy(f"{root}/usr/bin/busybox", f"{work}/bin/busybox")
        shutil.copy(f"{GUEST}/init", f"{work}/init")
        for number, module in enumerate(module_files(root, version)):
            name = os.path.basename(module).split(".")[0]
            opened = lzma.open if module.endswith(".xz") else open
            with opened(module, "rb") as f, open(f"{work}/modules/{number:02}-{name}.ko", "wb") as o:
                o.write(f.read())
        with open(scratch, "wb") as f:
            run("sh", "-c", "find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -1",
                cwd=work, stdout=f)
        shutil.rmtree(work)

    key = digest(os.path.basename(root), GUEST, *INITRAMFS_MODULES)
    return once(os.path.join(BUILD, f"initramfs-{suite}-{key}.gz"), make)


def module_files(root, version):
    """The modules of the initramfs and what they need, in the order in which they load."""
    files = []
    for module in INITRAMFS_MODULES:
        r = subprocess.run(["modprobe", "-d", root, "-S", version, "--show-depends", module],
                           capture_output=True, text=True)
        for line in r.stdout.splitlines():
            words = line.split()
            if words[0] == "insmod" and words[1] not in files:
                files.append(words[1])
    return files


def kernel(suite):
    root = tree(suite)
    (path,) = glob.glob(f"{root}/boot/vmlinuz-*")
    return path


# What a package's maintainer scripts enable (by deb-systemd-helper).
ENABLED = ("porchlightd.service", "porchlight-screen.service", "porchlight-wipe-resume.service")


def stage(suite):
    """The programs, cross-compiled and installed into a folder as `make install` does."""
    to = os.path.join(BUILD, f"stage-{suite}")
    shutil.rmtree(to, ignore_errors=True)
    run(".ci/cross", "arm64", suite, cwd=ROOT, stdout=subprocess.DEVNULL,
        env=dict(os.environ, CROSS_TARGETS="install", DESTDIR=to))
    missing = {name for program in glob.glob(f"{to}/usr/bin/*") for name in needed(program)
               if not glob.glob(f"{tree(suite)}/usr/lib/*/{name}")}
    assert not missing, f"the programs want {sorted(missing)}; name their packages in suite.py"
    return to


def needed(program):
    """The shared libraries that a program asks for by name."""
    said = run("aarch64-linux-gnu-readelf", "-d", program, capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", said)


def disk(suite, stage=None, enable=ENABLED):
    """The ext4 image: the suite's tree, the installed programs of `stage` over it, `enable`d."""
    root = tree(suite)
    enable = enable if stage else ()

    def make(scratch):
        work = scratch + ".d"
        try:
            run("cp", "-al", root, work)
            if stage:
                run("cp", "-a", "--remove-destination", f"{stage}/.", work)
            if enable:
                systemctl(work, "enable", *enable)
            run("mke2fs", "-q", "-F", "-t", "ext4", "-O", "encrypt", "-d", work, scratch, "1200M")
        finally:
            shutil.rmtree(work, ignore_errors=True)

    key = digest(os.path.basename(root), *([stage] if stage else []), *enable)
    return once(os.path.join(BUILD, f"disk-{suite}-{key}.ext4"), make)


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "trixie"
    print(kernel(chosen), initramfs(chosen), disk(chosen, stage(chosen)), sep="\n")
