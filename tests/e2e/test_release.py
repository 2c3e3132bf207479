"""What `make release` makes of built packages: checksums and a signature that notice any change, and a
list of what is inside."""

import json
import re
import subprocess

import pytest

from tests.kit.place import ROOT, fresh

VERSION = re.search(r'PORCHLIGHT_VERSION "(.*)"',
                    (ROOT / "kiosk/common/version.h").read_text())[1]


def run(*command, cwd=ROOT):
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)


def package(folder, name, suite, release, depends):
    """A Debian package, small and real."""
    inside = folder / f"{name}-{suite}" / "DEBIAN"
    inside.mkdir(parents=True)
    (inside / "control").write_text(
        f"Package: {name}\nVersion: {VERSION}+deb{release}\nArchitecture: arm64\n"
        f"Maintainer: Nobody <nobody@porchlight.invalid>\nDepends: {depends}\nDescription: a test\n")
    (folder / "deb" / suite).mkdir(parents=True, exist_ok=True)
    made = run("dpkg-deb", "--root-owner-group", "-b", inside.parent,
               folder / "deb" / suite / f"{name}_{VERSION}+deb{release}_arm64.deb")
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def place():
    folder = fresh("e")
    package(folder, "porchlight", "bookworm", 12, "libc6 (>= 2.36), mosquitto, nginx | apache2")
    package(folder, "porchlight", "trixie", 13, "libc6 (>= 2.41), mosquitto")
    made = run("minisign", "-G", "-W", "-p", folder / "porchlight.pub", "-s", folder / "secret")
    assert made.returncode == 0, made.stderr
    return folder


def release(place, to):
    done = run(ROOT / ".ci/release", place / "secret", place / "deb", place / to)
    assert done.returncode == 0, done.stderr
    return place / to


def verified(place, folder):
    signed = run("minisign", "-V", "-p", place / "porchlight.pub", "-m", "SHA256SUMS", cwd=folder)
    same = run("sha256sum", "-c", "--strict", "--ignore-missing", "SHA256SUMS", cwd=folder)
    return signed.returncode == 0, same.returncode == 0


def test_it_verifies_as_the_handbook_says_and_is_made_alike_twice(place):
    once, again = release(place, "once"), release(place, "again")
    assert verified(place, once) == (True, True)
    names = sorted(path.name for path in once.iterdir())
    assert len(names) == 5 and "sbom.spdx.json" in names
    for name in names:
        assert (once / name).read_bytes() == (again / name).read_bytes(), name


@pytest.mark.parametrize("pattern, verdict", [("*.deb", (True, False)), ("sbom*", (True, False)),
                                              ("SHA256SUMS", (False, False))])
def test_a_changed_byte_is_noticed(place, pattern, verdict):
    folder = release(place, "changed")
    victim = next(folder.glob(pattern))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    assert verified(place, folder) == verdict


def test_what_is_inside_is_listed(place):
    bill = json.loads((release(place, "inside") / "sbom.spdx.json").read_text())
    names = {p["SPDXID"]: p for p in bill["packages"]}
    assert len(names) == len(bill["packages"]), "an identity is used twice"
    assert all(one[end] in names or one[end] == "SPDXRef-DOCUMENT" for one in bill["relationships"]
               for end in ("spdxElementId", "relatedSpdxElement"))
    debian = {(p["name"], p["versionInfo"]) for p in bill["packages"] if "supplier" in p}
    assert {("libc6", ">= 2.36"), ("libc6", ">= 2.41"), ("nginx", "any")} <= debian
    lock = json.loads((ROOT / "kiosk/phone/package-lock.json").read_text())["packages"]
    npm = [p for p in bill["packages"] if p.get("externalRefs")]
    assert len(npm) == len(lock) - 1
    assert any(p["name"] == "mqtt" and p["checksums"][0]["algorithm"] == "SHA512" for p in npm)


def test_a_key_that_is_missing_and_packages_that_are_missing_are_named(place):
    for arguments, words in (((), "KEY=FILE"), ((place / "nowhere",), "cannot be read"),
                             ((place / "secret", place / "empty", place / "to"), "make debs")):
        done = run(ROOT / ".ci/release", *arguments)
        assert done.returncode == 1 and words in done.stderr, done.stderr
