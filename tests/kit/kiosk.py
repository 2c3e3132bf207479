"""A whole kiosk in a private folder: config, keys, broker, porchlightd, screen, wipe, wires."""

import secrets
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.kit import local, pki, process, wait
from tests.kit.broker import make_of_choice
from tests.kit.member import Listener, enlist, phone_key, phone_seed
from tests.kit.place import ROOT, fresh, program
from tests.kit.process import Process
from tests.kit.wires import Wires

# Time scaled for tests: all of it within what porchlight.conf permits.
TIMING = {"keepalive": "5s", "beat": "1s", "state": "5s", "state_alert": "1s", "probe": "1s",
          "backoff": "50ms", "backoff_max": "500ms"}

# A switch whose gestures take tenths of a second.
FAST = {"switch front": {"hold": "300ms", "wipe_hold": "600ms", "press_max": "200ms",
                         "gap": "150ms", "debounce": "5ms"}}


@dataclass
class Keys:
    venue: bytes
    kiosk: bytes  # public half

    @classmethod
    def of(cls, credentials):
        def hexed(name):
            return bytes.fromhex((credentials / name).read_text().strip())
        return cls(hexed("venue.key"), hexed("kiosk.pub"))


def ini(sections):
    out = []
    for name, keys in sections.items():
        out.append(f"[{name}]")
        out += [f"{k} = {v}" for k, v in keys.items()]
        out.append("")
    return "\n".join(out)


class Kiosk:
    """Context manager. `conf` changes or adds sections ({"switch front": {"hold": "1s"}}; a section
    or key set to None goes). `brokers` are made here unless given."""

    def __init__(self, kind="t", conf=None, plain=False, scaled=True, brokers=1, folder=None):
        self.folder = folder or fresh(kind)
        self.prefix = self.folder
        self.etc = self.folder / "etc/porchlight"
        self.credentials = self.etc / "credentials"
        self.run = self.folder / "run/porchlight"
        self.state = self.folder / "var/lib/porchlight"
        self.logs = self.folder / "log"
        for made in (self.credentials, self.run, self.state, self.logs):
            made.mkdir(parents=True)
        self.credentials.chmod(0o700)
        self.venue, self.id = secrets.token_hex(8), secrets.token_hex(8)
        self.place = f"porchlight/{self.venue}/{self.id}"
        self.plain = plain
        self.authority = pki.Authority(self.folder / "ca")
        self.account, self.password = secrets.token_hex(8), secrets.token_hex(8)
        self.brokers = [self._broker(i) for i in range(brokers)]
        self.daemon = self.screen = self.wiper = None
        self.processes, self.mailboxes = [], []
        self.conf = self._conf(scaled)
        self.change(conf or {})
        self._keys()

    # --- made before anything runs ------------------------------------------------------------

    def _broker(self, i):
        b = make_of_choice()(self.folder / f"broker{i}", self.authority, self.place,
                             name=f"broker{i}")
        b.account("plain kiosk" if self.plain else "kiosk", self.account, secrets.token_hex(12))
        b.account("member", secrets.token_hex(8), secrets.token_hex(12))
        b.account("staff", secrets.token_hex(8), secrets.token_hex(12))
        b.account("spy", secrets.token_hex(8), secrets.token_hex(12))
        return b

    def _conf(self, scaled):
        conf = {"venue": {"id": self.venue},
                "kiosk": {"id": self.id, "plain": "yes" if self.plain else "no"},
                "alert": {"abort_window": "45s"},
                "timing": dict(TIMING) if scaled else {},
                "wipe": {"enabled": "yes"},
                "switch front": {"line": "sim:front"},
                "door entrance": {"line": "sim:entrance"}}
        for i, broker in enumerate(self.brokers):
            conf[f"broker b{i}"] = {"host": broker.host, "port": broker.port, "ca": broker.ca,
                                    "user": self.account, "password": f"broker-b{i}",
                                    "outside": "yes"}
            secret = self.credentials / f"broker-b{i}"
            secret.write_text(broker.accounts[self.account][1] + "\n")
            secret.chmod(0o600)
        return conf

    def change(self, sections):
        for name, keys in sections.items():
            if keys is None:
                self.conf.pop(name, None)
                continue
            mine = self.conf.setdefault(name, {})
            for key, value in keys.items():
                if value is None:
                    mine.pop(key, None)
                else:
                    mine[key] = value
        self.write_conf(ini(self.conf))

    def write_conf(self, text):
        path = self.etc / "porchlight.conf"
        path.write_text(text)
        path.chmod(0o644)

    def _keys(self):
        self.root_key = self.folder / "root.key"
        done = self.cli("keys", "make", "--root-out", self.root_key)
        if done.returncode != 0:
            raise RuntimeError(f"porchlight keys make: {done.stderr}")
        self.keys = None if self.plain else Keys.of(self.credentials)
        if self.keys and self.brokers:
            enlist(self.state, {account: role for broker in self.brokers
                                for account, (role, _) in broker.accounts.items()
                                if role in ("member", "staff")})

    # --- started and stopped --------------------------------------------------------------------

    def __enter__(self):
        try:
            for broker in self.brokers:
                broker.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, _why, _trace):
        self.close(quietly=kind is not None)

    def start(self, connected=True):
        """porchlightd; returns once its control socket answers (and its brokers are connected)."""
        self.daemon = self.spawn("porchlightd", "--prefix", self.prefix, "--verbose")
        wait.until(self._answers, lambda: f"porchlightd's control socket; it said:\n"
                   f"{self.daemon.said()}")
        if connected:
            wait.until(self.connected, lambda: f"connection to the broker; porchlightd said:\n"
                       f"{self.daemon.said()}\nstatus: {self.status()}", every=0.02)
        return self.daemon

    def _answers(self):
        if not self.daemon.alive:
            raise AssertionError(f"porchlightd ended with {self.daemon.popen.returncode}:\n"
                                 f"{self.daemon.said()}")
        try:
            return self.status()["ok"]
        except (OSError, ValueError):
            return False

    def connected(self):
        return all(b.get("connected") for b in self.status()["brokers"])

    def spawn(self, name, *args, env=None):
        count = sum(p.name == name for p in self.processes)
        log = self.logs / (f"{name}.{count}" if count else name)
        child = Process(name, self.command(name, *args), log, env=env, cwd=ROOT)
        self.processes.append(child)
        return child

    def command(self, name, *args):
        """What is run for a program; a test may put something in front."""
        return [program(name), *args]

    def start_screen(self, *args, **env):
        """Without a display of its own: the picture is drawn all the same, into memory."""
        env.setdefault("SDL_VIDEODRIVER", "dummy")
        self.screen = self.spawn("porchlight-screen", "--prefix", self.prefix, "--languages",
                                 ROOT / "config/languages", *args,
                                 env=process.environment(**env))
        return self.screen

    def start_wipe(self, plan):
        """porchlight-wipe over a plan's text."""
        path = self.etc / "wipe.plan"
        path.write_text(plan)
        path.chmod(0o644)
        self.wiper = self.spawn("porchlight-wipe", "--prefix", self.prefix, "--listen")
        wait.until(self._wiper_listens, lambda: "wipe.sock; porchlight-wipe said:\n"
                   + self.wiper.said())
        return self.wiper

    def _wiper_listens(self):
        try:
            local.connect(self.run / "wipe.sock").close()
        except OSError:
            return False
        return True

    def close(self, quietly=False):
        """Ends everything and says what a sanitizer said. The folder goes when all is well."""
        for box in self.mailboxes:
            box.close()
        late = []
        for child in reversed(self.processes):
            try:
                child.stop()
            except AssertionError as why:
                late.append(str(why))
        for broker in self.brokers:
            broker.stop()
        trouble = [f"{p.name}: {line}" for p in self.processes for line in p.trouble()]
        if not quietly:
            assert not trouble and not late, "\n".join(trouble + late)
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- used -----------------------------------------------------------------------------------

    def cli(self, *args, within=wait.PATIENCE, **more):
        return process.run([program("porchlight"), "--prefix", self.prefix, *args], within, **more)

    def sim(self, *args):
        done = self.cli("sim", *args)
        assert done.returncode == 0, f"sim {' '.join(args)}: {done.stderr}"

    def wires(self):
        return Wires(self.run / "sim.sock")

    def status(self):
        return local.control(self.run / "control.sock", "status")

    def account_of(self, role, broker=0):
        return next((a, p) for a, (r, p) in self.brokers[broker].accounts.items() if r == role)

    def member(self, role="member", broker=0, **more):
        from tests.kit.member import Member  # paho and PyNaCl are for the tests alone
        if role == "staff":
            more.setdefault("topics", ["alert", "notice", "staff", "state", "presence", "beat"])
            if not self.plain:
                self.staff_phone(broker)
        made = Member(self.brokers[broker], *self.account_of(role, broker), self.keys, **more)
        self.mailboxes.append(made)
        return made

    def reload(self):
        """porchlightd reads its files again; returns once it has."""
        before = self.daemon.said().count(": applied")
        self.daemon.signal(signal.SIGHUP)
        wait.until(lambda: self.daemon.said().count(": applied") > before, self.daemon.said)

    def staff_phone(self, broker=0):
        """Has the root certify the staff phone: (account, its key's file, the name of its
        password's credential)."""
        account, password = self.account_of("staff", broker)
        secret = self.credentials / f"staff-{account}"
        if not (self.state / "staff" / f"{account}.cert").exists():
            secret.write_text(password + "\n")
            secret.chmod(0o600)
            done = self.cli("keys", "staff", "--root", self.root_key, "--public",
                            phone_key(account)[0].hex(), "--account", account)
            assert done.returncode == 0, done.stderr
            if self.daemon and self.daemon.alive:
                self.reload()
        return account, phone_file(self.folder, account), secret.name

    def staff_command(self, *words, broker=0, patience="20s", **more):
        """porchlight command, as that phone."""
        account, key, password = self.staff_phone(broker)
        return self.cli("command", *words, "--key", more.pop("key", key), "--user", account,
                        "--password", password, "--for", patience, **more)

    def spy(self, topics, broker=0):
        """The broker's operator: sees every topic, as bytes, and may write what anybody may."""
        return self.member("spy", broker, topics=topics)

    def listener(self, role="member", *args, broker=0, env=None):
        account, password = self.account_of(role, broker)
        secret = self.credentials / f"phone-{role}"
        secret.write_text(password + "\n")
        secret.chmod(0o600)
        argv = ["--prefix", self.prefix, "--user", account, "--password", secret.name, *args]
        if not self.plain:
            argv += ["--key", phone_file(self.folder, account)]
        if role == "staff" and not self.plain:
            self.staff_phone(broker)
        made = Listener(argv + (["--staff"] if role == "staff" else []),
                        self.logs / f"listen-{role}", env)
        self.mailboxes.append(made)
        return made

    def record(self):
        return (self.state / "record").read_bytes()


def phone_file(folder, account):
    """The file with a phone's own key, for `porchlight listen`."""
    path = folder / f"phone-{account}.key"
    path.write_text(phone_seed(account).hex() + "\n")
    path.chmod(0o600)
    return path


def memory(pid):
    """Resident bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/status has no VmRSS")


def own_memory(pid):
    """Resident bytes that no other process shares: not the text of libraries."""
    return sum(int(line.split()[1]) * 1024
               for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
               if line.startswith("Private_"))


def cpu(pid):
    """Seconds of processor time so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def wakeups(pid):
    """Voluntary context switches of all threads so far: each is one wake-up."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                total += int(line.split()[1])
    return total
