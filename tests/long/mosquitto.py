"""mosquitto of other Debian releases than this machine's, in trees."""

from tests.kit import process
from tests.kit.broker import Broker
from tests.long import trees


class Mosquitto(Broker):
    """This machine's own."""

    @staticmethod
    def release():
        return process.run(["dpkg-query", "-W", "-f", "${Version}", "mosquitto"]).stdout


class Mosquitto13(Broker):
    @staticmethod
    def release():
        return trees.version("trixie", "mosquitto")

    def enter(self):
        return trees.inside("trixie")


class MosquittoSid(Broker):
    @staticmethod
    def release():
        return trees.version("sid", "mosquitto")

    def enter(self):
        return trees.inside("sid")
