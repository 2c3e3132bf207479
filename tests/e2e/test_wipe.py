"""porchlight-wipe over files and folders of a private prefix: what it destroys, what it must not
touch, and what it says. The kinds that need mounts, and the sweeps, stand in tests/long."""

import fcntl
import json
import os
import signal
import socket
import threading
from contextlib import ExitStack, contextmanager

import pytest

from tests.kit import local, process, wait
from tests.kit.place import program
from tests.kit.wipe_place import checksum
from tests.kit.wipe_venue import ALL, HEAD, Venue


@pytest.fixture
def venue(folder):
    made = Venue(folder)
    yield made
    made.end()


def test_wipe_then_finish(venue):
    packets = venue.ask("WIPE")
    assert [(o, n) for _, o, _, n in packets] == [
        ("destroyed", "door"), ("destroyed", "clock"), ("destroyed", "sheets"),
        ("destroyed", "list"), ("nothing", "broker"), ("destroyed", "")]
    assert [p.name for p in venue.venue.iterdir()] == ["broker.password"]
    assert venue.cell.read_bytes() == bytes(40) + b"\xee" * 16
    assert venue.outcomes("FINISH")["broker"] == "destroyed"
    assert list(venue.venue.iterdir()) == []
    assert "broker" in venue.outcomes("STATUS")
    again = venue.outcomes("WIPE")
    assert again.pop("broker") == "nothing" and set(again.values()) == {"already gone"}


def test_finish_never_begins_a_wipe(venue):
    assert [p[0] for p in venue.ask("FINISH")] == [3]
    assert venue.ask("STATUS")[0][0] == 3
    venue.ask("DRILL")
    assert [p[0] for p in venue.ask("FINISH")] == [3]
    assert (venue.venue / "broker.password").exists()


def test_finish_of_a_plan_without_credentials(venue):
    """It has nothing left to do, and says so: whoever asks must come to an end."""
    venue.write_plan(HEAD + "[key door]\npath = /srv/venue/door.key\n")
    assert venue.ask("WIPE")[-1][:2] == (2, "destroyed")
    for _ in range(2):
        assert [(k, o, n) for k, o, _, n in venue.ask("FINISH")] == [
            (1, "destroyed", "door"), (2, "destroyed", "")]
    (venue.venue / "door.key").write_bytes(b"another")
    venue.ask("FINISH")
    assert (venue.venue / "door.key").exists(), "FINISH begins no wipe"
    assert venue.outcomes("WIPE") == {"door": "destroyed"}


def test_the_report_says_what_was_shown(venue):
    os.link(venue.venue / "list.csv", venue.venue / "second")
    venue.ask("WIPE")
    said = venue.cli("--status")
    assert said.returncode == 1
    lines = said.stdout.splitlines()
    shown = {lines[i].split()[0]: lines[i + 1].strip() for i in range(0, len(lines) - 3, 2)}
    assert shown["clock"] == "The cell was read back as zeros and holds no key."
    assert shown["sheets"].startswith("Best effort: nothing in it opens")
    assert shown["list"] == "Not destroyed: it has a second name (hard link); left alone."
    assert lines[-3:] == ["5 targets: 3 destroyed, 1 failed, 1 is kept for last",
                          "worst result: failed", "What to do about it: sudo porchlight wipe --plan"]
    (venue.venue / "second").unlink()
    venue.ask("WIPE")
    told = json.loads(venue.cli("--status", "--json").stdout)
    assert {t["name"]: t["shown"] for t in told["targets"]}["sheets"] == \
        "An earlier wipe destroyed it."


@pytest.mark.parametrize("word", ["wipe", "WIPE ", "WIPE\0", "W", "WIPEWIPE", "WIPEWIPEWIPE",
                                  "STATUS\n", "\0", "FINISHED"])
def test_other_words_are_refused(venue, word):
    assert [p[0] for p in venue.ask(word)] == [3]
    assert (venue.venue / "door.key").exists()


def test_a_peer_that_says_nothing_or_leaves(venue):
    venue.start()
    local.connect(venue.socket).close()
    with local.connect(venue.socket) as s:
        s.send(b"WIPE")
    wait.until(lambda: sorted(p.name for p in venue.venue.iterdir()) == ["broker.password"],
               venue.wiper.said)


def test_no_descriptor_is_left_open(venue):
    """Whatever is asked, refused or failing: a server that leaked would one day reach no target."""
    os.link(venue.venue / "list.csv", venue.venue / "second")
    (venue.venue / "sheets/way").symlink_to("..")
    words = ["WIPE", "FINISH", "DRILL", "STATUS", "CHECK", "nonsense"]

    def count():
        return len(os.listdir(f"/proc/{venue.wiper.pid}/fd"))
    for word in words:
        venue.ask(word)
    before = count()
    for _ in range(5):
        for word in words:
            venue.ask(word)
        with local.connect(venue.socket):
            pass
    wait.until(lambda: count() <= before, lambda: f"{count()} descriptors, {before} before",
               within=30)


def test_peers_that_say_nothing_hold_up_no_wipe(venue):
    """Not one that came before it, and not so many that there is no place for more."""
    venue.start()
    with ExitStack() as open_ones:
        mute = [open_ones.enter_context(local.connect(venue.socket)) for _ in range(3)]
        assert venue.ask("WIPE")[-1][:2] == (2, "destroyed")
        for one in mute:
            one.setblocking(False)
            with pytest.raises(BlockingIOError):
                one.recv(100)
        mute += [open_ones.enter_context(local.connect(venue.socket, 30)) for _ in range(20)]
        assert venue.ask("STATUS")[-1][0] == 2
        mute[-1].setblocking(True)
        mute[-1].send(b"CHECK")
        assert local.PROGRESS.unpack(mute[-1].recv(96))[1] == 2


def test_a_lease_is_not_waited_for(venue):
    """Whoever owns a file can have the kernel hold up those who open it, for 45 s."""
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    fd = os.open(venue.venue / "door.key", os.O_RDWR)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    outcomes = venue.outcomes("WIPE")
    assert outcomes.pop("door") == "failed" and "holds a lease" in venue.wiper.said()
    assert outcomes.pop("broker") == "nothing" and set(outcomes.values()) == {"destroyed"}
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    os.close(fd)
    assert venue.outcomes("WIPE")["door"] in ("destroyed", "already gone"), "it may have been tried again by itself"
    assert not (venue.venue / "door.key").exists()


def test_what_never_was_a_container(venue):
    (venue.venue / "empty").write_bytes(b"")
    (venue.venue / "short").write_bytes(b"LUKS")
    venue.write_plan(HEAD + "[luks a]\npath = /srv/venue/empty\n[luks b]\npath = /srv/venue/short\n"
                            "[luks c]\npath = /srv/venue/none\n")
    assert venue.outcomes("WIPE") == {"a": "unverified", "b": "unverified", "c": "unverified"}
    assert "no LUKS header was found" in venue.wiper.said()


def test_status_while_a_wipe_runs(venue):
    for i in range(400):
        (venue.venue / f"sheets/{i}").write_bytes(b"x" * 5000)
    venue.start()
    with local.connect(venue.socket, 30) as s:
        s.send(b"WIPE")
        s.recv(96)
        assert local.wipe(venue.socket, "STATUS")[-1][0] == 2
        while local.PROGRESS.unpack(s.recv(96))[1] != 2:
            pass


def test_drill_touches_no_target(venue):
    before = checksum(venue.venue), venue.cell.read_bytes()
    packets = venue.ask("DRILL")
    assert all(drill for _, _, drill, _ in packets)
    assert [o for _, o, _, _ in packets] == ["destroyed"] * 6
    assert (checksum(venue.venue), venue.cell.read_bytes()) == before
    done = venue.cli("--drill")
    assert done.returncode == 0 and "drill" in done.stdout
    assert venue.cli("--status").returncode == 0
    assert (checksum(venue.venue), venue.cell.read_bytes()) == before


@contextmanager
def journald(venue, answer=b'{"parameters":{}}\0'):
    """What is said to it, one method after the other."""
    folder = venue.prefix / "run/systemd/journal"
    folder.mkdir(parents=True)
    heard = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "io.systemd.journal"))
        listener.listen()

        def serve():
            while True:
                peer, _ = listener.accept()
                with peer:
                    call = json.loads(peer.recv(512).rstrip(b"\0"))
                    if call["method"] == "end":
                        return
                    heard.append(call["method"].rpartition(".")[2])
                    peer.sendall(answer)
        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
            last.connect(str(folder / "io.systemd.journal"))
            last.sendall(b'{"method":"end"}')
        thread.join()


def test_journald_lets_go_and_after_a_drill_goes_on(venue):
    venue.write_plan(HEAD + "[journal log]\npath = /srv/venue/sheets\n")
    with journald(venue) as heard:
        assert venue.ask("DRILL")[-1][:2] == (2, "destroyed")
        assert heard == ["RelinquishVar", "FlushToVar"]
        assert venue.ask("WIPE")[-1][:2] == (2, "destroyed")
        assert heard[2:] == ["RelinquishVar"]


def test_a_journald_that_does_not_let_go_is_told(venue):
    venue.write_plan(HEAD + "[journal log]\npath = /srv/venue/sheets\n")
    with journald(venue, b'{"error":"io.systemd.System"}\0'):
        assert venue.ask("WIPE")[-1][:2] == (2, "unverified")
        assert "did not confirm that it has closed" in venue.wiper.said()


def test_plan_is_shown_with_its_claims(venue):
    done = venue.cli("--plan")
    assert done.returncode == 0
    at = [done.stdout.index(f" {word}") for word in
          ("key door", "cell clock", "tree sheets", "file list", "credential broker")]
    assert at == sorted(at)
    for claim in ("Best effort", "worn blocks", "(there)"):
        assert claim in done.stdout
    seen = {t["name"]: t["seen"] for t in json.loads(venue.cli("--plan", "--json").stdout)["targets"]}
    assert set(seen.values()) == {"there"}
    venue.cell.unlink()
    assert "cell clock: nvmem:rtc0 (missing)" in venue.cli("--plan").stdout


@pytest.mark.parametrize("spoil", [
    lambda v: v.write_plan(ALL + "[tree x]\npath = /srv/venue/../outside\n"),
    lambda v: v.write_plan(ALL + "[tree x]\npath = /\n"),
    lambda v: v.write_plan(ALL + "[tree x]\npath = /srv/outside\n"),
    lambda v: v.write_plan(ALL + "[tree x]\npath = /srv/venue/*\n"),
    lambda v: v.write_plan(ALL.replace("/srv/venue\n", "/srv\n", 1)),
    lambda v: v.write_plan(ALL, mode=0o666),
    lambda v: v.write_plan(ALL, mode=0o664),
    lambda v: (v.prefix / "etc/porchlight/wipe.plan").rename(v.prefix / "p")
    or (v.prefix / "etc/porchlight/wipe.plan").symlink_to(v.prefix / "p"),
    lambda v: (v.prefix / "etc/porchlight/wipe.plan").unlink(),
], ids=["dotdot", "slash", "no-root", "glob", "root-too-high", "world-writable", "group-writable",
        "symlink", "missing"])
def test_a_bad_plan_touches_nothing(venue, spoil):
    before = checksum(venue.venue)
    spoil(venue)
    assert [p[0] for p in venue.ask("WIPE")] == [3]
    assert checksum(venue.venue) == before
    assert "wipe.plan" in venue.wiper.said()


def test_symlinks_on_the_way_are_refused(venue):
    v = venue.venue
    venue.write_plan(HEAD + "[tree a]\npath = /srv/venue/way/deep\n[file b]\npath = /srv/venue/b\n"
                            "[key c]\npath = /srv/venue/way/one\n[tree d]\npath = /srv/venue/way\n")
    (v / "way").symlink_to(venue.outside)
    (v / "b").symlink_to(venue.outside / "one")
    assert set(venue.outcomes("WIPE").values()) == {"failed"}
    assert (v / "way").is_symlink() and (v / "b").is_symlink()


def test_a_root_that_is_a_symlink_is_refused(venue):
    (venue.prefix / "srv/real").mkdir()
    (venue.prefix / "srv/real/x").write_text("x")
    (venue.prefix / "srv/alias").symlink_to("real")
    venue.write_plan("[root r]\npath = /srv/alias\n[file x]\npath = /srv/alias/x\n")
    assert venue.outcomes("WIPE") == {"x": "failed"}
    assert (venue.prefix / "srv/real/x").read_text() == "x"


def test_hard_links_are_refused(venue):
    os.link(venue.outside / "one", venue.venue / "sheets/one")
    os.link(venue.outside / "deep/two", venue.venue / "two")
    venue.before = checksum(venue.outside)  # the count of names is part of it
    venue.write_plan(HEAD + "[tree sheets]\npath = /srv/venue/sheets\n"
                            "[file two]\npath = /srv/venue/two\n")
    assert venue.outcomes("WIPE") == {"sheets": "failed", "two": "failed"}
    assert (venue.venue / "sheets/one").exists()
    assert not (venue.venue / "sheets/monday").exists(), "the rest of the tree goes all the same"


def test_odd_entries_of_a_tree_go(venue):
    sheets = venue.venue / "sheets"
    os.mkfifo(sheets / "fifo")
    (sheets / "loop").symlink_to(".")
    (sheets / ("n" * 255)).write_text("long")
    (sheets / "new\nline").write_text("odd")
    (sheets / "empty").mkdir()
    (sheets / "empty.txt").write_text("")
    (sheets / "closed").mkdir()
    (sheets / "closed/x").write_text("x")
    (sheets / "closed").chmod(0o500)
    with open(sheets / "sparse", "wb") as f:
        f.truncate(1 << 33)
        f.seek(1 << 32)
        f.write(b"deep inside")
    assert venue.outcomes("WIPE")["sheets"] in ("destroyed", "failed")
    if os.geteuid() == 0:
        assert not sheets.exists()


@pytest.mark.parametrize("lock", ["+i", "+a"])
def test_names_go_from_locked_folders(venue, lock):
    """chattr keeps contents and names of a folder: a guest's name may be a file's name."""
    v = venue.venue
    (v / "sheets/Anna-Petrova.txt").write_text("guest\n")
    (v / "sheets/gone").symlink_to("nowhere")
    (v / "desk").mkdir()
    (v / "desk/door.key").write_bytes(b"key")
    venue.write_plan(HEAD + "[tree sheets]\npath = /srv/venue/sheets\n"
                            "[key door]\npath = /srv/venue/desk/door.key\n")
    locked = [v, v / "sheets/monday", v / "sheets/deep", v / "sheets", v / "desk/door.key", v / "desk"]
    for path in locked:
        process.run(["chattr", lock, path]).check_returncode()
    try:
        assert venue.outcomes("DRILL") == venue.outcomes("WIPE") == {"door": "destroyed", "sheets": "destroyed"}
        assert not list(v.glob(".porchlight*")) and list((v / "desk").iterdir()) == [] and not (v / "sheets").exists()
        with pytest.raises(PermissionError):  # the folder itself was no target: it stays locked
            (v / "desk").rename(v / "other")
    finally:
        for path in locked:
            process.run(["chattr", "-ia", path])


def test_deep_trees(venue):
    deep = venue.venue / "sheets"
    for _ in range(150):
        deep = deep / "d"
        deep.mkdir()
    (deep / "bottom").write_text("x")
    assert venue.outcomes("WIPE")["sheets"] == "destroyed"
    assert not (venue.venue / "sheets").exists()


def test_race_of_folder_and_symlink(venue):
    """Someone swaps a folder of the tree for a symlink to the outside, as fast as they can."""
    sheets, spare = venue.venue / "sheets", venue.venue / "spare"
    (sheets / "swap").mkdir()
    spare.symlink_to(venue.outside)
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for a, b in ((sheets / "swap", sheets / "aside"), (spare, sheets / "swap"),
                         (sheets / "swap", spare), (sheets / "aside", sheets / "swap")):
                try:
                    os.rename(a, b)
                except OSError:
                    pass

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for round_ in range(12):
            for i in range(20):
                (sheets / f"{round_}-{i}").parent.mkdir(exist_ok=True)
                (sheets / f"{round_}-{i}").write_text("x")
            try:
                (sheets / "swap").mkdir()
            except OSError:
                pass
            venue.ask("WIPE")
            assert checksum(venue.outside) == venue.before
    finally:
        stop.set()
        thread.join()


def test_resume_after_kill(venue):
    for i in range(300):
        (venue.venue / f"sheets/{i}").write_bytes(b"x" * 3000)
    venue.start()
    with local.connect(venue.socket) as s:
        s.send(b"WIPE")
        s.recv(96)
        venue.wiper.kill()
    assert venue.cli("--status").returncode == 3
    resumed = process.run([program("porchlight-wipe"), "--prefix", venue.prefix, "--resume"])
    assert "was interrupted" in resumed.stderr and resumed.returncode == 0, resumed.stderr
    assert [p.name for p in venue.venue.iterdir()] == ["broker.password"]
    again = process.run([program("porchlight-wipe"), "--prefix", venue.prefix, "--resume"])
    assert "no wipe is pending" in again.stderr
    venue.wiper = None


def test_a_root_that_is_not_mounted_is_not_gone(venue):
    """Early at boot a file system may be missing: its empty mount point proves nothing."""
    fstab = venue.prefix / "etc/fstab"
    fstab.write_text("# a comment\n/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 /srv ext4 defaults 0 2\n")
    before = checksum(venue.venue)
    outcomes = venue.outcomes("WIPE")
    assert {outcomes[n] for n in ("sheets", "list", "door")} == {"unverified"}
    assert checksum(venue.venue) == before and "not mounted" in venue.wiper.said()
    assert "not mounted" in venue.cli("--plan").stdout
    again = process.run([program("porchlight-wipe"), "--prefix", venue.prefix, "--resume"])
    assert again.returncode == 1 and "was interrupted" in again.stderr
    fstab.unlink()
    later = process.run([program("porchlight-wipe"), "--prefix", venue.prefix, "--resume"])
    assert later.returncode == 0, later.stderr
    assert [p.name for p in venue.venue.iterdir()] == ["broker.password"]


def test_a_cell_that_is_not_there_is_a_failure(venue):
    """A chip that does not answer may still hold the key."""
    venue.cell.unlink()
    assert venue.outcomes("WIPE")["clock"] == "failed"


def test_the_record_cannot_be_written(venue):
    """Without a record the data dies all the same, and nobody claims that all is well."""
    (venue.prefix / "var/lib/porchlight-wipe").write_text("in the way")
    packets = venue.ask("WIPE")
    assert packets[-1][:2] == (2, "unverified")
    assert [p.name for p in venue.venue.iterdir()] == ["broker.password"]
