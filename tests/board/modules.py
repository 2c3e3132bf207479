"""Modules that Debian does not build for the board's kernel: gpio-sim, whose chips have the labels and names
that a test gives them, gpio-aggregator, and what both need. Built from Debian's own source of that very
kernel, against its headers; nothing of it is installed here. Kept below build/board/."""

import glob
import os
import re
import shutil

from tests.board import image
from tests.board.packages import unpack
from tests.board.suite import BUILD

PARTS = {"irq_sim": "kernel/irq/irq_sim.c", "gpio-sim": "drivers/gpio/gpio-sim.c",
         "gpio-aggregator": "drivers/gpio/gpio-aggregator.c"}
# irq_sim is part of the kernel where it is built at all, and calls what modules may not.
CHANGED = {"irq_sim": lambda text: text.replace("handle_simple_irq(irq_to_desc(irqnum))",
                                                "generic_handle_irq(irqnum)")
           + 'MODULE_LICENSE("GPL");\n'}
CROSS = "aarch64-linux-gnu-"
# Debian's compiler is newer than this machine's may be; there is no kernel here to take types from.
WITHOUT = ["CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=", "CONFIG_DEBUG_INFO_BTF_MODULES="]
TOOLS = ["basic/fixdep", "genksyms/genksyms", "mod/modpost"]


def modules(suite):
    """{name: bytes} in the order in which they load."""
    release = image.kernel_version(image.tree(suite))
    key = image.digest(release, os.path.abspath(__file__))

    def make(scratch):
        os.makedirs(scratch)
        try:
            build(suite, release, scratch)
        except BaseException:
            shutil.rmtree(scratch)
            raise
    folder = image.once(os.path.join(BUILD, f"modules-{suite}-{key}"), make)
    found = {}
    for name in PARTS:
        with open(f"{folder}/{name}.ko", "rb") as f:
            found[name] = f.read()
    return found


def build(suite, release, to):
    root, work = f"{to}/root", f"{to}/work"
    os.makedirs(work)
    unpack(suite, "arm64", root, f"""
        headers=linux-headers-{release}
        version=$(apt-cache show $headers | sed -n 's/^Version: //p' | head -1)
        [ -n "$version" ] || {{
            echo "Debian has no headers of {release} any more: remove build/board/tree-{suite}-*" >&2
            exit 1
        }}
        apt-get -q download $headers="$version" ${{headers%-arm64}}-common="$version" \
            linux-source-{'.'.join(release.split('.')[:2])}="$version" """)
    headers = f"{root}/usr/src/linux-headers-{release}"
    tools = os.path.basename(os.path.dirname(os.readlink(f"{headers}/scripts")))
    unpack(suite, None, root, f"apt-get -q download {tools} libc6")
    for tool in TOOLS:
        run_by_its_own_libc(root, f"{root}/usr/lib/{tools}/scripts/{tool}")
    with open(f"{headers}/Makefile", "r+") as f:
        text = f.read().replace(" /usr/src/", f" {root}/usr/src/")
        f.seek(0)
        f.write(text)
    sources(root, work)
    image.run("make", "-s", "-C", headers, f"M={work}", "ARCH=arm64", f"CROSS_COMPILE={CROSS}", f"CC={CROSS}gcc",
              *WITHOUT, "modules")
    for name in PARTS:
        image.run(f"{CROSS}strip", "-g", "-o", f"{to}/{name}.ko", f"{work}/{name}.ko")
    shutil.rmtree(root)
    shutil.rmtree(work)


def run_by_its_own_libc(root, tool):
    """A tool of Debian's, which this machine's older C library may not be enough for."""
    real = f"{tool}.real-lsb-64"  # of modpost there is one for each kind of target
    if not os.path.exists(real):
        real = f"{tool}.elf"
        os.rename(tool, real)
    (loader,) = glob.glob(f"{root}/usr/lib/*/ld-linux-*.so.*") or glob.glob(f"{root}/lib/*/ld-linux-*.so.*")
    with open(tool, "w") as f:
        f.write(f'#!/bin/sh\nexec {loader} --library-path {os.path.dirname(loader)} {real} "$@"\n')
    os.chmod(tool, 0o755)


def sources(root, work):
    (packed,) = glob.glob(f"{root}/usr/src/linux-source-*.tar.xz")
    top = re.sub(r"\.tar\.xz$", "", os.path.basename(packed))
    image.run("tar", "-xJf", packed, "-C", work, "--strip-components=1", "--wildcards",
              *(f"{top}/{path}" for path in (*PARTS.values(), "drivers/gpio/*.h")))
    for header in glob.glob(f"{work}/drivers/gpio/*.h"):  # private ones, which modules elsewhere do not find
        shutil.copy(header, work)
    for name, path in PARTS.items():
        with open(f"{work}/{path}") as f:
            text = f.read()
        with open(f"{work}/{name}.c", "w") as f:
            f.write(CHANGED.get(name, str)(text))
    with open(f"{work}/Makefile", "w") as f:
        f.write("obj-m := " + " ".join(f"{name}.o" for name in PARTS) + "\n")
