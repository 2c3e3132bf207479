"""Where things are: the repository, the build under test, fresh private folders."""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build/release")

# A Unix socket's path has 108 bytes, its end included, and the longest below a prefix is this.
SOCKET_ROOM = 107 - len("/run/porchlight/control.sock")


def program(name):
    path = BUILD / name
    if not path.exists():
        raise FileNotFoundError(f"{path}: not built; `make` builds it, BUILD= chooses the flavour")
    return str(path)


def fresh(kind):
    """A new empty folder build/<kind>/<few letters>, short enough to hold sockets."""
    above = ROOT / "build" / kind
    above.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="", dir=above))
    if len(str(made)) > SOCKET_ROOM:
        made.rmdir()
        raise OSError(f"{above}: too deep for Unix sockets, whose paths have 107 bytes; "
                      f"clone the repository at most {SOCKET_ROOM - len('/build/run/12345678')} "
                      "bytes deep")
    return made
