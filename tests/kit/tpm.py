"""A software TPM 2 at a prefix's /dev/tpmrm0, where Porchlight looks for one."""

from tests.kit import wait
from tests.kit.process import Process


class Tpm:
    """Context manager. What it holds lasts as long as `folder`."""

    def __init__(self, prefix, folder):
        self.socket = prefix / "dev/tpmrm0"
        self.state, self.said = folder / "tpm.state", folder / "tpm.said"
        self.process = None

    def start(self):
        self.socket.parent.mkdir(exist_ok=True)
        self.state.mkdir(exist_ok=True)
        self.process = Process("swtpm", [
            "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.state}",
            "--server", f"type=unixio,path={self.socket}",
            "--ctrl", f"type=unixio,path={self.socket}.ctrl",
            "--flags", "not-need-init,startup-clear"], self.said)
        wait.until(self.socket.exists, self.process.said)

    def stop(self):
        self.process.kill()
        for path in (self.socket, self.socket.with_name("tpmrm0.ctrl")):
            path.unlink(missing_ok=True)
        self.process = None

    def holds(self, needle):
        """Whether the TPM's own store has these bytes in the clear; swtpm does not encrypt it."""
        return any(needle in path.read_bytes() for path in self.state.iterdir() if path.is_file())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process:
            self.stop()
