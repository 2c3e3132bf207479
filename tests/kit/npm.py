"""What comes from the npm registry, by a lock file of ours."""

import fcntl
import shutil

from tests.kit import process
from tests.kit.place import ROOT


def installed(lock_files, name):
    """The folder below build/ where it is, put there once; `lock_files` is the folder of package.json
    and its lock."""
    there = ROOT / "build" / name
    there.mkdir(parents=True, exist_ok=True)
    with open(there / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = there / "package-lock.json"
        if not (there / "done").exists() or \
                have.read_bytes() != (lock_files / "package-lock.json").read_bytes():
            (there / "done").unlink(missing_ok=True)
            for file in ("package.json", "package-lock.json"):
                shutil.copy(lock_files / file, there / file)
            done = process.run(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit",
                                "--no-fund"], 600, cwd=there)
            assert done.returncode == 0, f"npm ci: {done.stdout}{done.stderr}"
            (there / "done").touch()
    return there
