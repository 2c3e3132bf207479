"""What `make repo` makes, read by the real apt: from a server and from a stick, with every way in which
it can be wrong."""

import functools
import http.server
import re
import shutil
import threading
import time

import pytest

from tests.kit import process, wait
from tests.kit.apt import Apt, package, repo
from tests.kit.place import fresh
from tests.kit.setup import clock_at

NAMES = ("porchlight", "porchlight-page", "porchlight-registrar")
KEYRING = "porchlight-archive-keyring"


def key(folder, name):
    """A key's file."""
    made = repo("key", folder / name)
    assert made.returncode == 0 and re.search(r": [0-9A-F]{40}\n$", made.stdout), made
    assert (folder / name).stat().st_mode & 0o777 == 0o600
    return folder / name


def packages(folder, version):
    """As `make debs` leaves them, for two releases."""
    for suite, release in (("bookworm", 12), ("trixie", 13)):
        (folder / suite).mkdir(parents=True)
        for name in NAMES:
            package(folder / suite, name, f"{version}+deb{release}",
                    "all" if name == "porchlight-page" else "amd64")
    return folder


def publish(frm, to, **env):
    done = repo(frm, to, **env)
    assert done.returncode == 0, done.stderr
    return done


class Handler(http.server.SimpleHTTPRequestHandler):
    """Sends each file again: here a second sees more than one publication, and the time of a file counts
    seconds."""

    def send_head(self):
        del self.headers["If-Modified-Since"]
        return super().send_head()

    def log_message(self, *_):
        pass


class Served:
    """Keys, packages, and a web server for what is published to `to`."""

    def __init__(self, folder):
        self.folder, self.to = folder, folder / "repo"
        self.key = key(folder, "first.key")
        made = int(time.time())  # a key's age counts seconds, and the keyring's version goes by it
        wait.until(lambda: int(time.time()) > made, "the next second", 5)
        self.other = key(folder, "second.key")
        self.one = packages(folder / "one", "1.0")
        self.two = packages(folder / "two", "2.0")
        handler = functools.partial(Handler, directory=str(self.to))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def publish(self, frm, keys=None, **env):
        return publish(frm, self.to, KEY=keys or self.key, URL=self.url, **env)


@pytest.fixture(scope="module", name="served")
def new_served():
    made = Served(fresh("r"))
    yield made
    made.close()
    shutil.rmtree(made.folder)


@pytest.fixture(name="apt")
def new_apt(folder):
    return Apt(folder)


def trust(apt, served, suite="trixie"):
    """A machine that was given keys and source of the repository."""
    keys = apt.root / f"usr/share/keyrings/{KEYRING}.gpg"
    shutil.copy(served.to / f"{KEYRING}.gpg", keys)
    text = (served.to / f"{suite}.sources").read_text()
    assert "Signed-By: /usr/share/keyrings/" in text
    (apt.root / "etc/apt/sources.list.d/porchlight.sources").write_text(
        text.replace("/usr/share/keyrings", str(keys.parent)))


def known(apt):
    return [apt.candidate(name) for name in NAMES]


@pytest.mark.parametrize("suite, release", [("bookworm", 12), ("trixie", 13)])
def test_the_packages_of_a_release_come_from_it(served, apt, suite, release):
    served.publish(served.one)
    trust(apt, served, suite)
    assert apt.update()[0]
    assert known(apt) == [f"1.0+deb{release}"] * 3
    done = apt.run("install", KEYRING, *NAMES)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in NAMES:
        assert (apt.root / f"usr/share/{name}/data").exists()
    brought = (apt.root / f"usr/share/keyrings/{KEYRING}.gpg").read_bytes()
    assert brought == (served.to / f"{KEYRING}.gpg").read_bytes()


def test_the_three_lines_install_from_it(served, apt):
    """As a host pastes them, but that sudo leads into a folder in place of the machine's."""
    served.publish(served.one)
    lines = (served.to / "INSTALL.txt").read_text().splitlines()
    assert len(lines) == 3
    tools, here = apt.root / "tools", apt.root / "here"
    tools.mkdir()
    here.mkdir()
    (tools / "sudo").write_text(f"""#!/bin/bash
words=()
for word; do
    case $word in /usr/share/* | /etc/*) word={apt.root}$word ;; esac
    words+=("$word")
done
exec "${{words[@]}}"
""")
    (tools / "sudo").chmod(0o755)
    environment = {**process.environment(), "APT_CONFIG": str(apt.conf)}
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    source = apt.root / "etc/apt/sources.list.d/porchlight.sources"
    for line in lines:
        if source.exists():
            source.write_text(source.read_text().replace(" /usr/share", f" {apt.root}/usr/share"))
        said = process.run(["sh", "-c", line.replace("apt install", "apt -y install")], 60,
                           env=environment, cwd=here)
        assert said.returncode == 0, said
    assert f"Suites: {'trixie' if 'trixie' in source.read_text() else 'bookworm'}" in source.read_text()
    assert (apt.root / "usr/share/porchlight/data").exists()


def test_other_keys_at_the_same_address_install_nothing(served, apt):
    """The first of the three lines names the keys by their hash."""
    served.publish(served.one)
    line = (served.to / "INSTALL.txt").read_text().splitlines()[0]
    (served.to / f"{KEYRING}.gpg").write_bytes(b"other keys")
    said = process.run(["sh", "-c", line.replace("sudo install", "touch taken && true")], 60,
                       cwd=apt.root)
    assert said.returncode != 0 and not (apt.root / "taken").exists()


# --- what is refused -------------------------------------------------------------------------------

def refused(apt, why):
    taken, said = apt.update()
    assert not taken and re.search(why, said), said
    assert known(apt) == [None] * 3


def test_signed_with_another_key(served, apt):
    served.publish(served.one)
    trust(apt, served)
    served.publish(served.one, served.other)
    refused(apt, "NO_PUBKEY|Missing key|not signed|couldn't be verified")


def test_a_changed_list(served, apt):
    served.publish(served.one)
    trust(apt, served)
    release = served.to / "dists/trixie/InRelease"
    release.write_text(release.read_text().replace("Origin: Porchlight", "Origin: Somebody"))
    refused(apt, "BADSIG|invalid|bad signature|not signed|couldn't be verified")


def test_without_a_signature(served, apt):
    served.publish(served.one)
    trust(apt, served)
    release = served.to / "dists/trixie/InRelease"
    text = re.search(r"\n\n(.*)\n-----BEGIN PGP SIG", release.read_text(), re.S)[1]
    release.unlink()
    (release.parent / "Release").write_text(text + "\n")
    refused(apt, "not signed")


@pytest.mark.parametrize("fits, late", [({}, "+31d"), ({"DAYS": 5}, "+6d")])
def test_an_old_one_that_somebody_keeps_serving(served, apt, fits, late):
    """Whoever holds updates back cannot do it for longer than the list is valid."""
    served.publish(served.one, **fits)
    trust(apt, served)
    before = f"+{int(late[1:-1]) - 2}d"
    assert apt.update(**clock(before))[0]
    taken, said = apt.update(**clock(late))
    assert not taken and "expired" in said, said


def clock(moment):
    return {k: str(v) for k, v in clock_at(moment).items() if k in (
        "LD_PRELOAD", "FAKETIME", "DONT_FAKE_MONOTONIC")}


def test_an_older_one_than_last_time(served, apt):
    served.publish(served.one)
    older = served.folder / "older"
    shutil.rmtree(older, ignore_errors=True)
    shutil.copytree(served.to, older)
    wait_for_the_next_second(served)
    served.publish(served.two)
    trust(apt, served)
    assert apt.update()[0] and known(apt) == ["2.0+deb13"] * 3
    shutil.rmtree(served.to)
    shutil.copytree(older, served.to)
    apt.update()
    assert known(apt) == ["2.0+deb13"] * 3


def wait_for_the_next_second(served):
    """Lists are ordered by their date, which counts seconds."""
    date = re.search(r"^Date: (.*)$", (served.to / "dists/trixie/InRelease").read_text(), re.M)[1]
    while time.strftime("%a, %d %b %Y %H:%M:%S", time.gmtime()) in date:
        time.sleep(0.05)


@pytest.mark.parametrize("what", ["Packages*", "by-hash"])
def test_lists_that_are_cut_short(served, apt, what):
    served.publish(served.one)
    trust(apt, served)
    for file in (served.to / "dists/trixie/main").glob(f"binary-*/{what}/*/*" if what == "by-hash"
                                                       else f"binary-*/{what}"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:-40])
    if what == "by-hash":
        refused(apt, "Hash Sum mismatch|unexpected size")
    else:
        assert apt.update()[0]  # apt takes them by their hashes


def test_lists_that_are_missing(served, apt):
    served.publish(served.one)
    trust(apt, served)
    for folder in (served.to / "dists/trixie/main").iterdir():
        shutil.rmtree(folder / "by-hash")
        for file in folder.iterdir():
            file.unlink()
    refused(apt, "Failed to fetch|404|does not have")


def test_a_package_that_is_cut_short_or_changed(served, apt):
    served.publish(served.one)
    trust(apt, served)
    assert apt.update()[0]
    deb = next((served.to / "pool/trixie").glob("porchlight_*"))
    whole = deb.read_bytes()
    for bad in (whole[:-30], whole[:-1] + bytes([whole[-1] ^ 1])):
        deb.write_bytes(bad)
        done = apt.run("install", "porchlight")
        assert done.returncode != 0 and not (apt.root / "usr/share/porchlight").exists(), done
    deb.write_bytes(whole)
    assert apt.run("install", "porchlight").returncode == 0


# --- a list that changes while it is read ------------------------------------------------------------

def test_who_has_read_the_old_list_still_finds_what_it_names(served):
    served.publish(served.one)
    old = {path.relative_to(served.to) for path in served.to.rglob("by-hash/*/*")}
    served.publish(served.two)
    assert all((served.to / path).exists() for path in old)


# --- a key is changed --------------------------------------------------------------------------------

def keyring_version(apt):
    status = (apt.root / "var/lib/dpkg/status").read_text()
    return re.search(rf"Package: {KEYRING}\n(?:.+\n)*?Version: (.*)", status)[1]


def upgrade(apt):
    taken, said = apt.update()
    assert taken, said
    done = apt.run("install", KEYRING)
    assert done.returncode == 0, done
    return keyring_version(apt)


def test_a_key_is_changed_in_three_steps(served, apt):
    """A machine that follows each step takes the next; one that slept through it needs the keys again."""
    served.publish(served.one)
    trust(apt, served)
    versions = [upgrade(apt)]
    served.publish(served.one, NEXT=served.other)
    versions.append(upgrade(apt))
    served.publish(served.one, f"{served.key} {served.other}")
    versions.append(upgrade(apt))
    served.publish(served.two, served.other)
    versions.append(upgrade(apt))
    ordered = [process.run(["dpkg", "--compare-versions", a, "le", b]).returncode
               for a, b in zip(versions, versions[1:])]
    assert ordered == [0, 0, 0] and len(set(versions)) == 3, versions
    assert known(apt) == ["2.0+deb13"] * 3
    served.publish(served.one, served.key)
    taken, _said = apt.update()
    assert not taken  # the old key is nobody's any more


# --- a stick -----------------------------------------------------------------------------------------

def stick_install(apt, stick, suite="trixie"):
    (apt.root / "etc/os-release").write_text(f"VERSION_CODENAME={suite}\n")
    done = process.run([stick / "install.sh"], env=process.environment(PREFIX=apt.root))
    source = apt.root / "etc/apt/sources.list.d/porchlight.sources"
    if done.returncode == 0:
        source.write_text(source.read_text().replace(" /usr", f" {apt.root}/usr").replace(
            "file:", f"file:{apt.root}"))
    return done


def test_a_stick_is_a_repository_too(served, apt):
    """It is copied, and may leave; it is good for a year; a newer stick brings newer packages."""
    stick = served.folder / "stick"
    said = publish(served.one, stick, KEY=served.key).stdout
    assert "http" not in said and not (stick / "INSTALL.txt").exists()
    assert stick_install(apt, stick).returncode == 0
    shutil.rmtree(stick)
    assert apt.update(**clock("+364d"))[0] and known(apt) == ["1.0+deb13"] * 3
    taken, said = apt.update(**clock("+367d"))
    assert not taken and "expired" in said, said
    publish(served.two, stick, KEY=served.key)
    assert stick_install(apt, stick).returncode == 0
    assert apt.update()[0] and known(apt) == ["2.0+deb13"] * 3


def test_a_stick_of_somebody_else_changes_nothing(served, apt):
    stick = served.folder / "stick"
    publish(served.one, stick, KEY=served.key)
    assert stick_install(apt, stick).returncode == 0
    publish(served.two, stick, KEY=served.other)
    assert stick_install(apt, stick).returncode == 0
    taken, _said = apt.update()
    assert not taken


def test_a_stick_without_packages_for_this_release(served, apt):
    stick = served.folder / "stick"
    publish(served.one, stick, KEY=served.key)
    done = stick_install(apt, stick, "forky")
    assert done.returncode == 1 and "no packages for forky" in done.stderr \
        and "bookworm trixie" in done.stderr, done
    assert not (apt.root / "var/lib/porchlight-repository").exists()


# --- what it says --------------------------------------------------------------------------------------

@pytest.mark.parametrize("env, why", [({}, "make repo-key KEY=FILE"),
                                      ({"KEY": "/nowhere"}, "/nowhere holds no secret key"),
                                      ({"NEXT": "/nowhere"}, "NEXT: /nowhere holds no key")])
def test_a_refusal_says_why(served, env, why):
    to = served.folder / "nothing"
    done = repo(served.one, to, **({"KEY": served.key} if "NEXT" in env else {}), **env)
    assert done.returncode == 1 and "no repository was made" in done.stderr and why in done.stderr
    assert not to.exists()


def test_no_packages_no_repository(served, folder):
    done = repo(folder / "empty", folder / "to", KEY=served.key)
    assert done.returncode == 1 and "make debs" in done.stderr and not (folder / "to").exists()
