"""--help, the manual pages, porchlight.conf and completion say the same."""

import re
import subprocess

import pytest

from tests.kit.place import BUILD, ROOT, program

MAN = ROOT / "kiosk/man"
COMMON = {"--prefix", "--json", "--help", "--version"}
OPTION = re.compile(r"--[a-z][a-z-]*")


def built():
    """Every program of ours that was built, as the Makefile lists them."""
    listed = re.search(r"^PROGRAMS = (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    return [name for name in listed if (BUILD / name).exists()]


def help_of(*args):
    done = subprocess.run([program(args[0]), *args[1:], "--help"], capture_output=True, text=True,
                          timeout=20, check=True, stdin=subprocess.DEVNULL)
    assert done.stdout and not done.stderr
    return done.stdout


def page(name):
    section = 5 if name.endswith(".conf") else 1 if name == "porchlight" else 8
    return (MAN / f"{name}.{section}").read_text().replace("\\-", "-")


def subsections(text):
    """{first word: its text} of .SS, in order."""
    parts = re.split(r"^\.SS (.*)$", text, flags=re.M)
    return {title.split()[0]: re.split(r"^\.SH ", body, flags=re.M)[0]
            for title, body in zip(parts[1::2], parts[2::2])}


def test_every_program_has_its_page():
    assert len(built()) >= 4
    for name in built():
        text = page(name)
        assert re.search(rf"^\.SH NAME\n{name} - \w", text, re.M), name
        for heading in ["SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"]:
            assert f"\n.SH {heading}\n" in text, (name, heading)


@pytest.mark.parametrize("name", [name for name in built() if name != "porchlight"])
def test_a_daemons_options(name):
    listed = re.search(r"^\.SH OPTIONS\n(.*?)^\.SH ", page(name), re.M | re.S)[1]
    said, manual = set(OPTION.findall(help_of(name))), set(OPTION.findall(listed))
    assert said - {"--help"} == manual - {"--help"}


def test_the_options_of_all_subcommands():
    listed = re.search(r"^\.SH OPTIONS\n(.*?)^\.SH ", page("porchlight"), re.M | re.S)[1]
    assert set(OPTION.findall(help_of("porchlight"))) == set(OPTION.findall(listed)) == COMMON


def test_the_subcommands():
    listed = re.findall(r"^  ([a-z][a-z-]*) ", help_of("porchlight"), re.M)
    described = subsections(page("porchlight"))
    assert list(described) == listed
    for name in listed:
        said = set(OPTION.findall(help_of("porchlight", name))) - COMMON
        assert said == set(OPTION.findall(described[name])) - COMMON, name


def test_the_usage_lines():
    for title in re.findall(r"^\.SS (.*)$", page("porchlight"), re.M):
        name = title.split()[0]
        assert help_of("porchlight", name).startswith(f"Usage: porchlight {name}")


def test_the_exit_codes():
    listed = dict(re.findall(r"^    CLI_(\w+) = (\d)", (ROOT / "kiosk/cli/cli.h").read_text(), re.M))
    manual = re.search(r"^\.SH EXIT STATUS\n(.*?)^\.SH", page("porchlight"), re.M | re.S)[1]
    assert sorted(listed.values()) == re.findall(r"^\.B (\d)$", manual, re.M)


def shipped_keys(name="porchlight.conf"):
    """[(section, key, shown value, required)] of a config as shipped."""
    section = None
    for line in (ROOT / "config" / name).read_text().splitlines():
        header = re.match(r"^\[(\w+)", line)
        key = re.match(r"^(#?)([a-z_]+) = (.+)$", line)
        if header:
            section = header[1]
        elif key:
            yield section, key[2], key[3], not key[1] or key[2] == "id"


def described_keys(name):
    """The same of its manual page."""
    text, manual = page(name), []
    for title, body in re.findall(r"^\.SS \[(\w+).*?\]\n(.*?)(?=^\.S[SH] |\Z)", text, re.M | re.S):
        for key, value, required in re.findall(r"^\.B (\w+) = \\fI(.+?)\\fR( \(required\))?$", body,
                                               re.M):
            manual.append((title, key, value, bool(required)))
    return manual


def test_the_config():
    assert described_keys("porchlight.conf") == list(shipped_keys())


def test_the_relays_config():
    shipped = list(shipped_keys("relay.conf"))
    assert described_keys("porchlight-relay.conf") == shipped
    table = re.findall(r'^    \{"(\w+)", "(\w+)", &value_\w+, (NULL|"[^"]*"|SERVICES),',
                       (ROOT / "kiosk/relay/relay_conf.c").read_text(), re.M)
    assert [(s, k) for s, k, _ in table] == [(s, k) for s, k, _, _ in shipped]
    for (section, key, default), (_, _, value, required) in zip(table, shipped):
        wanted = default == "NULL" or (section, key) == ("broker", "ca")  # by TLS
        assert required == wanted, (section, key)
        assert default in ("NULL", '""', "SERVICES", f'"{value}"'), (section, key)


def test_the_pages_are_well_formed():
    for path in sorted(MAN.iterdir()):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rCHECKSTYLE=3", path],
                              capture_output=True, text=True, check=True)
        assert done.stderr == "", (path.name, done.stderr)
        for name, section in re.findall(r"^\.BR ([\w.\\-]+) \((\d)\)", path.read_text(), re.M):
            other = MAN / f"{name}.{section}".replace("\\-", "-")
            assert other.exists(), f"{path.name} points to {other.name}"


# --- completion -----------------------------------------------------------------------------------

def completed(*words):
    """What bash would offer for the last of the words."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); '
              '_porchlight; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-euc", script, "bash", ROOT / "kiosk/cli/completion.bash",
                           program("porchlight"), *words], capture_output=True, text=True,
                          check=False)
    assert done.stderr == "", done.stderr
    return [line for line in done.stdout.splitlines() if line]


def test_completion_of_subcommands():
    listed = re.findall(r"^  ([a-z][a-z-]*) ", help_of("porchlight"), re.M)
    assert set(listed) <= set(completed(""))
    assert completed("dri") == ["drill"]
    assert completed("--prefix", "/nowhere", "al") == ["all-clear"]
    assert completed("--ver") == ["--version"]


def test_completion_of_options():
    for name in re.findall(r"^  ([a-z][a-z-]*) ", help_of("porchlight"), re.M):
        offered = completed(name, "--")
        assert set(offered) == set(OPTION.findall(help_of("porchlight", name))), name
    assert completed("status", "--w") == ["--watch"]
    assert "wipe" in completed("drill", "")


def test_completion_of_files(folder):
    (folder / "a.conf").write_text("")
    assert completed("check", f"{folder}/") == [f"{folder}/a.conf"]
    assert completed("--prefix", str(folder.parent) + "/" + folder.name[:7]) == [str(folder)]
