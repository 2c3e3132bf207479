"""A whole day of the window in steps of a second, four frames each: not one flash."""

import re

from tests.kit import process
from tests.kit.place import ROOT


def test_no_flash_in_a_whole_day():
    program = "build/release/tests/unit/screen/test_flash"
    made = process.run(["make", "-s", "-C", ROOT, program], 600)
    assert made.returncode == 0, made.stderr
    done = process.run([ROOT / program], 1800, env=process.environment(PORCHLIGHT_WHOLE_DAY="1"),
                       cwd=ROOT)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    found = re.search(r"# scene 0: 0 flashes in (\d+) frames", said)
    assert found and int(found[1]) == 4 * 86400, said
