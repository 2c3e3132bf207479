"""Disks: a copy for each machine, files put into it without mounting, raw bytes looked for in it."""

import errno
import mmap
import os
import subprocess


def copy(image, path):
    """A disk of one's own; holes stay holes."""
    subprocess.run(["cp", "--sparse=always", image, path], check=True)
    return path


def empty(path, size):
    with open(path, "wb") as f:
        f.truncate(size)
    return path


def put(image, files):
    """Writes {path inside: (bytes, mode)} into an ext4 image that no machine uses now; all of it
    belongs to root. Folders are made."""
    commands, scratch = [], []
    made = set()
    for n, (path, (data, mode)) in enumerate(sorted(files.items())):
        part = ""
        for name in path.strip("/").split("/")[:-1]:
            part += "/" + name
            if part not in made:
                made.add(part)
                commands.append(f"mkdir {part}")  # one that is there only earns a complaint
        source = f"{image}.put{n}"
        with open(source, "wb") as f:
            f.write(data)
        scratch.append(source)
        commands += [f"rm {path}", f"write {source} {path}",
                     f"sif {path} mode 0100{mode:03o}", f"sif {path} uid 0", f"sif {path} gid 0"]
    try:
        _debugfs(image, commands, write=True)
        for path, (data, _) in files.items():
            got = get(image, path)
            assert got == data, f"{path}: {len(got)} bytes arrived in {image}, not {len(data)}"
    finally:
        for source in scratch:
            os.unlink(source)


def get(image, path):
    """A file's bytes out of an ext4 image (as the disk has it, journal not replayed)."""
    return subprocess.run(["/sbin/debugfs", "-c", "-R", f"cat {path}", image], check=True,
                          capture_output=True).stdout


def _debugfs(image, commands, write=False):
    subprocess.run(["/sbin/debugfs", *(["-w"] if write else []), "-f", "-", image], check=True,
                   input="\n".join(commands).encode() + b"\n", capture_output=True)


def count(image, needle):
    """How often these bytes are in the raw image, wherever that is."""
    return count_each(image, {"": needle})[""]


def count_each(image, names):
    """{name: how often}, for {name: bytes}. Holes of the file, which read as zeros, are passed by."""
    found = dict.fromkeys(names, 0)
    with open(image, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        for begin, end in extents(f):
            for name, needle in names.items():
                at = begin
                while (at := raw.find(needle, at, end)) >= 0:
                    found[name] += 1
                    at += 1
    return found


def extents(f):
    """Where a file has data: [(begin, end)]."""
    at, size = 0, os.fstat(f.fileno()).st_size
    while at < size:
        try:
            begin = os.lseek(f.fileno(), at, os.SEEK_DATA)
        except OSError as why:
            if why.errno == errno.ENXIO:  # a hole up to the end
                return
            raise
        at = os.lseek(f.fileno(), begin, os.SEEK_HOLE)
        yield begin, at
