"""Disks, volumes and file systems for the wipe that the machine which runs the tests may lack: how each
is made in another kernel, and what may be claimed of a file on it."""

import collections

# make: a script, with the disks as $1 and $2, that mounts at $3; best: of a file there; disks: how many;
# modules: what the kernel has to load for it.
Kind = collections.namedtuple("Kind", "make best disks modules", defaults=(1, ""))

EXT4 = "mkfs.ext4 -q $at; mount $at $3"
GROUP = "pvcreate -qq -ff -y $1 >/dev/null; vgcreate -qq venue$4 $1; at=/dev/venue$4/data; "
VOLUME = GROUP + "lvcreate -qq -y -Wn -Zn -l 50%FREE -n data venue$4; " + EXT4
RAID = ("at=/dev/md$4; mdadm --create $at --run --quiet --level 1 --raid-devices 2 --bitmap none "
        "--assume-clean $1 $2; " + EXT4)
KINDS = {
    "vfat": Kind("mkfs.vfat $1 >/dev/null; mount -t vfat $1 $3", "destroyed", 1,
                 "vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8"),
    "exfat": Kind("mkfs.exfat $1 >/dev/null; mount -t exfat $1 $3", "destroyed", 1, "exfat"),
    "ext2": Kind("mke2fs -q $1; mount -t ext2 $1 $3", "destroyed"),
    "xfs": Kind("mkfs.xfs -q $1; mount $1 $3", "destroyed"),
    "btrfs": Kind("mkfs.btrfs -q $1; mount $1 $3", "unverified"),
    "f2fs": Kind("mkfs.f2fs -q $1; mount -t f2fs $1 $3", "unverified", 1, "f2fs"),
    "nilfs2": Kind("mkfs.nilfs2 -q $1; mount -i -t nilfs2 $1 $3", "unverified", 1, "nilfs2"),
    "nfs": Kind("""mkdir -p /run/export /var/lib/nfs/rpc_pipefs /var/lib/nfs/v4recovery
        touch /etc/exports /var/lib/nfs/etab
        mkfs.ext4 -q $1; mount $1 /run/export
        mount -t nfsd none /proc/fs/nfsd 2>/dev/null || true
        exportfs -o rw,no_root_squash,insecure,fsid=0 127.0.0.1:/run/export
        rpc.mountd --no-nfs-version 3; rpc.nfsd -N 3 -G 10 -L 10 2
        mount -t nfs4 -o soft,timeo=300 127.0.0.1:/ $3""", "unverified", 1, "nfsd nfsv4"),
    "lvm": Kind(VOLUME, "destroyed", 1, "dm-mod"),
    "lvm-snapshot": Kind(VOLUME, "unverified", 1, "dm-mod dm-snapshot"),
    "lvm-thin": Kind(GROUP + "lvcreate -qq -y -Wn -Zn -l 80%FREE -T venue$4/pool; "
                     "lvcreate -qq -y -V 64M -T venue$4/pool -n data; " + EXT4, "unverified", 1,
                     "dm-mod dm-thin-pool"),
    "raid1": Kind(RAID, "destroyed", 2, "raid1"),
    "raid1-degraded": Kind(RAID, "unverified", 2, "raid1"),
    "integrity": Kind("integritysetup format -q --no-wipe $1; at=/dev/mapper/whole$4; "
                      "integritysetup open --integrity-recalculate $1 whole$4; " + EXT4, "unverified", 1,
                      "dm-mod dm-integrity crc32c"),
    "crypt": Kind("""head -c 32 /dev/urandom >/run/key$4
        cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $1 /run/key$4
        cryptsetup open --key-file /run/key$4 $1 open$4
        at=/dev/mapper/open$4; """ + EXT4, "destroyed", 1,
                  "aes_generic cbc xts ecb sha256_generic algif_skcipher dm-mod dm-crypt"),
    "swap-file": Kind("mkfs.ext4 -q $1; mount $1 $3", "destroyed"),
    "tmpfs-and-swap": Kind("mkswap -q $1 >/dev/null 2>&1; swapon $1; mount -t tmpfs none $3",
                           "unverified"),
}
# A target whose result is another one than its kind's.
OTHERWISE = {"swap-file-list": "failed"}
# What happens once the data is there.
AFTERWARDS = {
    "lvm-snapshot": "lvcreate -qq -y -s -l 50%FREE -n kept venue$4/data",
    "swap-file": "cd $3; dd if=/dev/zero of=list bs=64k count=16 conv=notrunc 2>/dev/null; chmod 600 list; "
                 "mkswap -q list >/dev/null 2>&1; swapon list",
    "raid1-degraded": "mdadm --quiet /dev/md$4 --fail $2; mdadm --quiet /dev/md$4 --remove $2",
}
SIZES = {"xfs": 320, "btrfs": 160, "f2fs": 160, "nilfs2": 160, "lvm-thin": 200}  # MB; others: 64
TARGETS = ("key", "list", "sheets")
UNSEEN = ("crypt", "tmpfs-and-swap")  # a scan of the disk finds nothing there, before either


def best(kind):
    """{target: what may be said of it at best}."""
    names = [f"{kind}-{name}" for name in TARGETS]
    return {name: OTHERWISE.get(name, KINDS[kind].best) for name in names}


def plan(kinds):
    """One root for each kind, with a target of three sorts in it."""
    return "".join(
        f"[root {k}]\npath = /srv/{k}\n[key {k}-key]\npath = /srv/{k}/key\n"
        f"[file {k}-list]\npath = /srv/{k}/list\n[tree {k}-sheets]\npath = /srv/{k}/sheets\n"
        for k in kinds)


def planting(word):
    """A script that puts them there, each with the word in it; $3 is where."""
    return (f"cd $3; mkdir sheets; echo {word} >key; for n in 1 2 3 4 5 6 7 8; do echo {word} >>list; "
            f"echo {word} >sheets/$n; done; sync\n")


# Asks the real service, as porchlightd does.
ASK = """perl -MSocket -e 'socket(S, AF_UNIX, SOCK_SEQPACKET, 0) or die;
    connect(S, pack_sockaddr_un("/run/porchlight/wipe.sock")) or die $!;
    send(S, $ARGV[0], 0);
    while (defined recv(S, $p, 256, 0) and length $p) {
        my (undef, $kind, $outcome, undef, undef, undef, undef, $name) = unpack "L6qZ64", $p;
        print "$kind $outcome $name\\n";
        last if $kind != 1;
    }' """
