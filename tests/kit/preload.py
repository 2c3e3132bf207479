"""Small libraries in C that are preloaded into a program: tests/kit/NAME.c."""

import fcntl
import subprocess

from tests.kit.place import BUILD, ROOT


def library(name):
    """Built once for all that run side by side."""
    out = BUILD / f"tests/kit/{name}.so"
    out.parent.mkdir(parents=True, exist_ok=True)
    source = ROOT / f"tests/kit/{name}.c"
    with open(out.parent / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
                            "-shared", "-fPIC", "-I", ROOT, "-o", out, source], check=True)
    return out
