"""A kiosk that makes its own accounts: mosquitto with dynamic security as the templates have it,
where the kiosk's account holds its two roles and nobody else's is there."""

import json
import secrets
import subprocess

from tests.kit import kiosk as kit
from tests.kit import process, wait
from tests.kit.joining import Joiner
from tests.kit.place import program
from tests.kit.registrar import Registrar
from tests.phone.serving import Broker

PAGE = "https://kettle.example.org/"


class Venue:
    """Context manager. `addresses`: what phones get for each broker; else one that nobody
    answers at, for phones that are the tests' own."""

    def __init__(self, folder, authority, brokers=1, addresses=None, page=PAGE, conf=None):
        self.brokers = [Broker(folder, authority, f"b{i}") for i in range(brokers)]
        reach = {}
        for i, broker in enumerate(self.brokers):
            told = addresses[i] if addresses else f"wss://b{i}.example.org/mqtt"
            reach[f"broker b{i}"] = {
                "host": "localhost", "port": broker.port, "ca": authority.pem, "user": "later",
                "password": f"broker-b{i}", "outside": "yes", "phones": told}
        self.kiosk = kit.Kiosk(brokers=0, conf={"venue": {"page": page}, **reach, **(conf or {})})
        self.account = self.kiosk.account = self.kiosk.id
        self.invitations, self.registrars = [], []
        self.program = [program("porchlight")]

    def __enter__(self):
        try:
            for i, broker in enumerate(self.brokers):
                self.serve(i, broker)
        except BaseException:
            self.__exit__(RuntimeError)
            raise
        return self

    def serve(self, i, broker):
        """A broker, and a registrar beside it, which makes the kiosk's account and the root's from
        the venue's file."""
        broker.start()
        broker.place = self.kiosk.place
        secret = self.kiosk.credentials / f"broker-b{i}"
        secret.write_text(secrets.token_hex(16) + "\n")
        secret.chmod(0o600)
        self.kiosk.change({f"broker b{i}": {"user": self.account}})
        made = self.kiosk.prefix / f"venue-{i}"
        self.cli("registrar", "--root", self.kiosk.root_key, "--broker", f"b{i}", made)
        broker.registrar = Registrar(broker.folder / "registrar", broker)
        self.registrars.append(broker.registrar)
        broker.registrar.own_account().add(made).start()
        wait.until(lambda: self.account in self.everybody(i), "the kiosk's account", 15)

    def __exit__(self, kind, *_):
        for child in self.invitations:
            child.kill()
            child.wait()
        self.kiosk.close(quietly=kind is not None)
        for registrar in self.registrars:
            registrar.stop()
        for broker in self.brokers:
            broker.stop()

    # --- asked ----------------------------------------------------------------------------------

    def cli(self, *args, code=0, **more):
        done = self.kiosk.cli(*args, **more)
        assert done.returncode == code, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def ask(self, *args, **more):
        """A subcommand's --json."""
        return json.loads(self.cli(*args, "--json", **more).stdout)

    def invite(self, *args):
        """An invitation that is valid at the brokers: its JSON, account and link among it."""
        return self.ask("invite", "--leave", *args)

    def invite_waiting(self, *args):
        """`porchlight invite` that waits for the phone: (process, its JSON)."""
        child = subprocess.Popen(
            [program("porchlight"), "--prefix", self.kiosk.prefix, "invite", "--json", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=process.environment())
        self.invitations.append(child)
        return child, json.loads(child.stdout.readline())

    def everybody(self, broker=0):
        said = self.brokers[broker].steward.command(command="listClients")
        return set(said["responses"][0]["data"]["clients"])

    def client(self, account, broker=0):
        """An account as the broker has it; {}: it is not there."""
        said = self.brokers[broker].steward.reply(
            json.dumps({"commands": [{"command": "getClient", "username": account}]}))
        return said["responses"][0].get("data", {}).get("client", {})

    def accounts(self, broker=0):
        """The names of all accounts at a broker that are let in, but for its administrator's and
        the root key's."""
        return {a for a in self.everybody(broker) - {"admin", "registrar"}
                if (c := self.client(a, broker)) and not c.get("disabled")
                and not any(r["rolename"].startswith("root-") for r in c["roles"])}

    def settled(self, names, broker=0, within=wait.PATIENCE):
        names = {self.account, *names}
        wait.until(lambda: self.accounts(broker) == names,
                   lambda: f"the accounts {names}; there are {self.accounts(broker)}; "
                   f"{self.ask('phones', '--ids')}; {self.kiosk.daemon.said()[-1500:]}", within)

    # --- phones -----------------------------------------------------------------------------------

    def newcomer(self, broker=0):
        return Joiner(self.invite()["link"], self.brokers[broker])

    def member(self, broker=0):
        """A phone that has joined, and its member's eyes."""
        phone = self.newcomer(broker)
        return self.arrived(phone)

    def staff(self, broker=0):
        child, said = self.invite_waiting("--staff", "--root", str(self.kiosk.root_key))
        phone = self.arrived(Joiner(said["link"], self.brokers[broker]), child)
        assert child.wait(20) == 0, child.stderr.read()
        return phone

    def arrived(self, phone, host=None):
        key = phone.join(host)
        wait.until(lambda: phone.account in self.accounts(), "the account", 10)
        phone.venue_key = key
        topics = ["root", "alert", "state", "presence", "beat", f"enrol/{phone.account}"]
        phone.eyes = phone.member(key, topics + (["notice", "staff"] if phone.staff else []))
        self.kiosk.mailboxes.append(phone.eyes)
        return phone
