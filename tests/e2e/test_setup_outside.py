"""The broker outside: what set-up tells of it."""

import re

import pytest

from tests.kit import pki
from tests.kit.setup import Venue

CARRY = "The broker outside: carry "
RELAY = "porchlight relay"


# --- what is left to do ---------------------------------------------------------------------------

def numbers(done):
    return [int(n) for n in re.findall(r"^(\d)\. ", done.stdout, re.M)]


def test_a_relay_is_told_of_where_a_broker_stands_outside():
    with Venue() as venue:
        done = venue.set_up()
        assert RELAY not in done.stdout and CARRY not in done.stdout
        assert numbers(done) == [1, 2, 3, 4]
        done = venue.again(broker="both", outside="mqtt.example.org")
        assert RELAY in done.stdout and CARRY in done.stdout
        assert numbers(done) == [1, 2, 3, 4, 5, 6]
        done = venue.again(broker="here")
        assert RELAY not in done.stdout and CARRY not in done.stdout


# --- somebody else's ------------------------------------------------------------------------------

@pytest.mark.parametrize("broker", ["elsewhere", "both"])
def test_an_account_without_an_address_for_phones(folder, broker):
    account = folder / "account"
    text = f"[account]\nuser = us\npassword = p\nca = {pki.Authority(folder / 'ca').pem}\n"
    for phones in ("", "phones = wss://live.example.org/mqtt\n"):
        account.write_text(text + phones)
        with Venue(broker=broker, outside="mqtt.example.org", outside_account=account) as venue:
            done = venue.set_up()
            warned = [line for line in done.stderr.splitlines() if "phones" in line]
            assert bool(warned) == (not phones) == (RELAY not in done.stdout), done
            assert CARRY not in done.stdout
            for words in (f"{account}: ", "wss://", "[broker outside]", "porchlight.conf"):
                assert phones or words in warned[0], warned
            assert phones or ("page in [venue]" in warned[0]) == (broker == "elsewhere"), warned
