"""How set-up of this machine itself ends: after its services were started, and by how they run then."""

import re

import pytest

from tests.kit.setup_machine import Machine


def flat(text):
    return " ".join(text.split())


def test_it_says_done_after_all_services_run(folder):
    machine = Machine(folder)
    done = machine.run(f"porchlight setup --answers {machine.answers()}")
    assert done.returncode == 0, done
    said = flat(done.stdout)
    steps = re.findall(r"(\d) of (\d): ", said)
    assert steps == [(str(n), str(len(steps))) for n in range(1, len(steps) + 1)] and len(steps) == 6
    assert said.index(f"{len(steps)} of") < said.index("Done. This kiosk is set up, in /etc/porchlight, and its services run")
    restarted = [line.split()[1] for line in machine.asked() if line.startswith("restart ")]
    assert "porchlightd.service" in restarted and len(restarted) == len(steps)


@pytest.mark.parametrize("broken", ("porchlightd.service", "porchlight-wipe.socket",
                                    "porchlight-screen.service"))
def test_it_ends_with_1_and_says_what_to_do(folder, broken):
    machine = Machine(folder, [broken])
    done = machine.run(f"porchlight setup --answers {machine.answers()}")
    said = flat(done.stdout + done.stderr)
    assert done.returncode == 1, said
    assert f"{broken} does not run" in said and f"sudo systemctl status {broken}" in said
    assert "do not rely on it" in said and "sudo systemctl restart porchlightd" in said
    assert "Done." not in said and "What to do next" not in said
    assert "run set-up again (sudo porchlight setup)" in said


@pytest.mark.parametrize("broken", (None, "porchlightd.service", "porchlight-wipe.socket"))
def test_restore_ends_with_1_too_if_a_service_does_not_run_then(folder, broken):
    machine, secret = Machine(folder), folder / "words"
    secret.write_text("lantern harbour walnut seven\n")
    secret.chmod(0o600)
    done = machine.run(f"""
        porchlight setup --answers {machine.answers()} >&2 || exit 9
        porchlight backup {folder}/stage/kept --passphrase-file {secret} --same-card >&2 || exit 8
        printf %s "{broken or ''}" >{folder}/broken
        porchlight restore {folder}/stage/kept --replace --passphrase-file {secret}""")
    said = flat(done.stdout + done.stderr)
    assert "files are restored" in said, said
    assert machine.asked().count("restart porchlightd.service") == 2
    assert done.returncode == (1 if broken else 0), said
    if broken:
        assert f"{broken} does not run" in said and f"sudo systemctl status {broken}" in said
        assert "do not rely on it" in said and "sudo systemctl restart porchlightd" in said
