"""Phones of the third implementation (tests/vectors/third) at a whole venue."""

import contextlib
import shutil

from tests.kit import pki, wait
from tests.kit.admin_socket import Venue
from tests.kit.kiosk import FAST
from tests.kit.place import fresh
from tests.vectors.third.app import App


@contextlib.contextmanager
def running_venue():
    folder = fresh("e")
    folder.chmod(0o755)
    with Venue(folder, pki.Authority(folder / "ca"), conf=dict(FAST)) as made:
        made.kiosk.start()
        yield made
    shutil.rmtree(folder, ignore_errors=True)


class Phones:
    def __init__(self, venue):
        self.venue, self.open = venue, []

    def app(self, link, host=None):
        broker = self.venue.brokers[0]
        app = App(link, (broker.host, broker.port, str(broker.ca)))
        self.open.append(app)
        app.join(host)
        self.until(app, "quiet")
        return app

    def member(self):
        return self.app(self.venue.invite()["link"])

    def staff(self):
        child, said = self.venue.invite_waiting("--staff", "--root", str(self.venue.kiosk.root_key))

        def host(digits):
            child.stdin.write(digits + "\n")
            child.stdin.flush()
        app = self.app(said["link"], host)
        assert child.wait(20) == 0, child.stderr.read()
        return app

    def until(self, app, shown):
        wait.until(lambda: app.shown() == shown, lambda: f"{shown} on the app; it shows {app.shown()}, "
                   f"was told {app.verdicts[-12:]}, refused {app.refused}\n"
                   f"{self.venue.kiosk.daemon.said()[-1500:]}")

    def close(self):
        for app in self.open:
            app.close()
