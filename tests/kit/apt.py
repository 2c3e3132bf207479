"""The real apt over a folder of its own: its sources, lists, cache and dpkg's records are all there, and
nothing of the machine's is touched."""

import subprocess

from tests.kit import process
from tests.kit.place import ROOT


def package(folder, name, version, arch="amd64", size=1000, preinst=None):
    """A Debian package, small and real, with its script if one is given; its file."""
    inside = folder / f"{name}_{version}_{arch}"
    (inside / "DEBIAN").mkdir(parents=True)
    (inside / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\n"
        f"Maintainer: Nobody <nobody@porchlight.invalid>\nDescription: a test\n")
    if preinst:
        (inside / "DEBIAN/preinst").write_text(preinst)
        (inside / "DEBIAN/preinst").chmod(0o755)
    data = inside / f"usr/share/{name}/data"
    data.parent.mkdir(parents=True)
    data.write_text(version * size)
    made = folder / f"{inside.name}.deb"
    done = process.run(["dpkg-deb", "--root-owner-group", "-b", inside, made])
    assert done.returncode == 0, done.stderr
    return made


class Apt:
    """One machine of amd64."""

    def __init__(self, root):
        self.root = root
        for made in ("etc/apt/sources.list.d", "etc/apt/apt.conf.d", "etc/apt/preferences.d",
                     "etc/apt/trusted.gpg.d", "var/lib/apt/lists/partial", "var/lib/dpkg/updates",
                     "var/lib/dpkg/info", "var/cache/apt/archives/partial", "var/log/apt", "run",
                     "usr/share/keyrings"):
            (root / made).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        self.conf = root / "apt.conf"
        self.conf.write_text(
            f'Dir "{root}";\nDir::State::status "{root}/var/lib/dpkg/status";\n'
            'Dir::Bin::Methods "/usr/lib/apt/methods";\nAPT::Architecture "amd64";\n'
            'APT::Architectures { "amd64"; };\nAPT::Sandbox::User "root";\n'
            f'DPkg::Options {{ "--root={root}"; "--force-not-root"; "--force-bad-path"; }};\n'
            f'DPkg::Path "";\nDir::Bin::dpkg "/usr/bin/dpkg";\n')

    def run(self, *words, **env):
        return process.run(["apt-get", "-q", "-y", *words], 60,
                           env={**process.environment(), "APT_CONFIG": str(self.conf),
                                "LC_ALL": "C.UTF-8", **env})

    def update(self, **env):
        """(whether every list was taken, what apt said)."""
        done = self.run("update", "--error-on=any", **env)
        return done.returncode == 0, done.stdout + done.stderr

    def candidate(self, name):
        """The version that apt would install; None: it knows none."""
        done = subprocess.run(["apt-cache", "policy", name], capture_output=True, text=True,
                              env={**process.environment(), "APT_CONFIG": str(self.conf),
                                   "LC_ALL": "C.UTF-8"}, check=True)
        found = [line.split()[1] for line in done.stdout.splitlines() if "Candidate:" in line]
        return found[0] if found and found[0] != "(none)" else None


def repo(*words, **env):
    """.ci/repo, with these in its environment."""
    return process.run([ROOT / ".ci/repo", *words], 120, env={
        **process.environment(), **{k: str(v) for k, v in env.items()}})
