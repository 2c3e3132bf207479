"""What each Debian suite puts on the board, by package name."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", "board")

# What a kiosk runs on. Nothing of it is configured by maintainer scripts: the tree is unpacked
# only, and systemd-sysusers and systemd-tmpfiles make users and folders at the first boot.
_BASE = """
    base-files base-passwd bash dash coreutils diffutils sed grep mawk findutils hostname libc-bin
    gzip tar util-linux mount mawk debianutils dpkg netbase passwd
    systemd-sysv systemd udev kmod procps iproute2
    linux-image-arm64 busybox-static e2fsprogs cryptsetup-bin dmsetup fscrypt tzdata
    libevdev2 libmosquitto1 libsodium23 libcjson1 libsystemd0 libcryptsetup12 libfribidi0 libqrencode4
    libsdl2-2.0-0 libsdl2-ttf-2.0-0 libsdl2-image-2.0-0 libgl1-mesa-dri libegl1 libgles2 libgbm1
    fonts-dejavu-core fonts-dejavu-extra gpiod mosquitto nginx
    perl-base init-system-helpers openssl ca-certificates bsdutils
""".split()

# File systems and volumes for the wipe's cases.
_STORAGE = """
    systemd-cryptsetup lvm2 thin-provisioning-tools mdadm btrfs-progs xfsprogs f2fs-tools dosfstools
    exfatprogs nilfs-tools nfs-kernel-server nfs-common
""".split()

SUITES = {
    "trixie": _BASE + ["libgpiod3", "libcares2", "libcurl4t64", "libssl3t64",
                       "libtss2-esys-3.0.2-0t64", "libtss2-tctildr0t64", "libtss2-rc0t64",
                       *_STORAGE],
    "bookworm": _BASE + ["libgpiod2", "libc-ares2", "libcurl4", "libssl3", "libtss2-esys-3.0.2-0",
                         "libtss2-tctildr0", "libtss2-rc0"],
}

# Modules that the small initramfs loads, before the disk's own modules can be reached.
INITRAMFS_MODULES = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "overlay"]
