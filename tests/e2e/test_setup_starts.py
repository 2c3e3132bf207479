"""Set-up of this machine itself, inside namespaces where /etc is an overlay and systemctl an actor: how
it ends where the services do not run afterwards."""

import pytest

from tests.kit import process
from tests.kit.place import program

SYSTEMCTL = """#!/bin/sh
for word in "$@"; do
    case $word in
    is-enabled|is-active|restart) verb=$word ;;
    *.service|*.socket) unit=$word ;;
    esac
done
case $verb:$unit in
is-enabled:porchlight-broker.service|is-enabled:porchlight-page.service) exit 1 ;;
is-active:{broken}|restart:{broken}) exit 3 ;;
esac
"""

# What it may change is in memory, and gone with the namespace.
STAGE = """
mount -t tmpfs tmpfs {folder}/stage &&
mkdir {folder}/stage/upper {folder}/stage/work &&
mount -t overlay overlay -o lowerdir=/etc,upperdir={folder}/stage/upper,workdir={folder}/stage/work /etc &&
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system &&
PATH={folder}:$PATH exec {program} setup --answers {folder}/answers
"""

ANSWERS = {"switch": "sim:counter", "door": "none", "host": "localhost", "broker": "elsewhere",
           "outside": "mqtt.example.org", "outside_account": "make", "drill": "no"}


@pytest.mark.parametrize("broken", ("porchlightd.service", "porchlight-wipe.socket"))
def test_it_ends_with_1_and_says_what_to_do(folder, broken):
    (folder / "stage").mkdir()
    actor = folder / "systemctl"
    actor.write_text(SYSTEMCTL.replace("{broken}", broken))
    actor.chmod(0o755)
    answers = {**ANSWERS, "root": folder / "stage/root.key"}
    (folder / "answers").write_text("[setup]\n" + "".join(f"{k} = {v}\n" for k, v in answers.items()))
    done = process.run([*process.own_mounts(), "sh", "-c",
                        STAGE.format(folder=folder, program=program("porchlight"))], 60)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1, said
    assert f"{broken} does not run" in said and f"sudo systemctl status {broken}" in said
    assert "do not rely on it" in said and "sudo systemctl restart porchlightd" in said
