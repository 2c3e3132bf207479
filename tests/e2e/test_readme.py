"""README and handbook say what is so: each command is run by a test, each option, config key, path,
test and link exists."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from functools import cache

import pytest

from tests.kit import process
from tests.kit.place import ROOT, fresh, program

README = ROOT / "README.md"
HANDBOOK = ROOT / "kiosk/handbook"
DOCUMENTS = [README, ROOT / "hw/README.md", *sorted(HANDBOOK.glob("*.md")),
             *sorted((ROOT / ".github").glob("*.md"))]
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
PROGRAM = re.compile(r"porchlight(d|-[a-z]+)?$")

# Which test runs a command. FILE, FOLDER and paths on a stick stand for the test's own.
RUN_BY = [(pattern, f"tests/{test}") for pattern, test in [
    (r"porchlight setup", "e2e/test_setup_asks.py::test_a_root_key_goes_to_a_stick"),
    (r"porchlight setup --answers FILE",
     "e2e/test_setup.py::test_from_answers_to_a_drill_that_a_phone_answered"),
    (r"porchlight setup --drill",
     "e2e/test_setup.py::test_a_phone_is_invited_and_answers_the_drill"),
    (r"porchlight setup --settle",
     "e2e/test_setup.py::test_an_interruption_leaves_the_old_state_or_the_new"),
    (r"porchlight setup --undo", "e2e/test_setup_undo.py::test_it_asks_and_waits_for_the_end_of_an_alert"),
    (r"porchlight (backup|restore) FILE",
     "e2e/test_backup.py::test_wiped_restored_and_an_alert_arrives"),
    (r"porchlight backup --check FILE",
     "e2e/test_backup.py::test_check_says_whether_a_backup_is_good"),
    (r"porchlight restore FILE --another", "e2e/test_backup.py::test_a_second_kiosk_of_the_venue"),
    (r"porchlight retire --root - --paper keep.html",
     "e2e/test_backup.py::test_a_seized_kiosk_is_disowned_from_its_papers_alone"),
    (r"porchlight root end --root - --paper keep.html",
     "e2e/test_root_word.py::test_a_hidden_lockdown_is_ended_from_paper_alone"),
    (r"porchlight root revoke ACCOUNT --root - --paper keep.html",
     "e2e/test_root_word.py::test_a_revoked_staff_phone_commands_nothing_more"),
    (r"porchlight --prefix FOLDER (restore FILE|retire --root -)",
     "e2e/test_backup.py::test_a_seized_kiosk_is_disowned_from_its_backup"),
    (r"porchlight invite --accounts FILE",
     "e2e/test_enrol.py::test_spare_accounts_where_no_registrar_runs"),
    (r"porchlight invite", "e2e/test_enrol.py::test_a_member_joins_and_receives_an_alert"),
    (r"porchlight invite --staff --root FILE",
     "e2e/test_enrol_staff.py::test_a_staff_phone_signed_at_the_kiosk"),
    (r"porchlight invite --staff --root -",
     "e2e/test_root.py::test_a_staff_phone_is_invited_with_the_key_from_paper"),
    (r"porchlight revoke ACCOUNT", "e2e/test_revoke.py::test_a_revoked_phone_is_out_at_once"),
    (r"porchlight rotate", "e2e/test_revoke.py::test_rotate_reaches_the_phones_that_remain"),
    (r"porchlight phones( --ids)?",
     "e2e/test_roster.py::test_phones_shows_counts_and_the_last_drill"),
    (r"porchlight outside --root FILE --page \S+ FILE",
     "e2e/test_outside_folder.py::test_page_and_broker_are_two_servers"),
    (r"porchlight outside --root FILE FILE",
     "e2e/test_outside_folder.py::test_one_folder_makes_broker_registrar_and_relay"),
    (r"porchlight relay --root FILE FOLDER",
     "phone/test_relay_made.py::test_it_rings_when_the_switch_is_held"),
    (r"porchlight relay --root FILE --ntfy URL FOLDER",
     "phone/test_relay_made.py::test_it_rings_when_the_switch_is_held"),
    (r"porchlight-relay --forget-subscriptions",
     "phone/test_webpush.py::test_one_command_deletes_them_all"),
    (r"porchlight-relay --check",
     "phone/test_relay_made.py::test_an_old_relay_is_told_to_delete_the_key_that_it_had"),
    (r"porchlight listen --user NAME --password NAME --ack seen --key FILE",
     "e2e/test_listen.py::test_each_alert_is_answered_once"),
    (r"porchlight command all-clear --user NAME --password NAME --key FILE",
     "e2e/test_command.py::test_a_staff_phone_ends_a_lockdown_and_proves_it"),
    (r"porchlight all-clear --final",
     "e2e/test_plain.py::test_the_host_ends_a_lockdown_on_the_kiosk"),
    (r"porchlight status( --watch)?", "e2e/test_cli.py::test_watch_goes_on_until_it_is_ended"),
    (r"porchlight logs", "e2e/test_logs.py::test_the_journal_of_all_parts_in_plain_words"),
    (r"porchlight doctor --report",
     "e2e/test_troubles.py::test_what_doctor_measures_is_reported_once_and_its_end_too"),
    (r"porchlight doctor", "e2e/test_doctor.py::test_a_kiosk_that_runs"),
    (r"porchlight check", "e2e/test_cli.py::test_check_takes_the_kiosks_own_file"),
    (r"porchlight drill", "e2e/test_cli.py::test_what_is_asked"),
    (r"porchlight words( (check|reset))?( FILE)?",
     "e2e/test_words.py::test_what_is_set_is_shown_as_a_file_and_counted"),
    (r"porchlight words set( FILE)?",
     "e2e/test_words.py::test_the_hosts_lines_reach_phones_new_ones_too_and_can_be_taken_back"),
    (r"porchlight drill wipe", "e2e/test_cli.py::test_what_is_asked"),
    (r"porchlight wipe --plan",
     "e2e/test_vault.py::test_what_the_plan_wants_is_said_as_it_is_written"),
    (r"porchlight wipe --status", "e2e/test_wipe_ready.py::test_the_question_touches_nothing"),
    (r"porchlight wipe --drill", "e2e/test_wipe.py::test_drill_touches_no_target"),
    (r"porchlight keygen venue", "e2e/test_seal.py::test_keys_are_guarded"),
    (r"porchlight seal (FILE|-)", "e2e/test_seal.py::test_file_there_and_back"),
    (r"porchlight unseal --key FILE FILE", "e2e/test_seal.py::test_file_there_and_back"),
    (r"porchlight seal --book visitors -",
     "e2e/test_seal.py::test_entries_are_kept_sealed_and_in_order"),
    (r"porchlight vault create desk .*",
     "e2e/test_vault.py::test_cell_and_salt_open_it_together_and_neither_alone"),
    (r"porchlight vault (open|close|status) desk",
     "board/test_wipe.py::test_power_cut_is_made_good_at_the_next_boot"),
    (r"porchlight registrar --root - FILE", "e2e/test_root.py::test_without_a_terminal_it_says_how_else"),
    (r"porchlight-registrar --add FILE",
     "e2e/test_enrol.py::test_a_broker_without_a_registrar_is_named"),
    (r"porchlight revoke --root FILE ACCOUNT",
     "e2e/test_revoke.py::test_a_revoked_staff_phone_commands_no_more"),
    (r"apt install \./porchlight_\*\.deb \./porchlight-page_\*\.deb "
     r"\./porchlight-registrar_\*\.deb",
     "deb/test_packages.py::test_apt_finds_all_that_it_needs"),
    (r"porchlight-screen --scene lantern --snapshot FILE --at .*",
     "e2e/test_screen_panel.py::test_settings_are_read_again_whole_or_not_at_all"),
]]


@cache
def parsed(path):
    done = subprocess.run(["cmark-gfm", "--extension", "table", "--to", "xml", path], check=True,
                          capture_output=True, text=True)
    return ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", done.stdout, count=1))


def texts(path, kind):
    return [node.text or "" for node in parsed(path).iter(kind)]


def blocks():
    """(document, block of code): what a reader types or writes into a file."""
    return [(name, block) for name, path in zip(NAMES, DOCUMENTS)
            for block in texts(path, "code_block")]


def alone(line):
    """The commands of a line: parts of a pipe, without sudo and redirections."""
    for part in re.split(r" *(?:\||&&) *", line):
        words = part.removeprefix("sudo ").split()
        yield [word for word in words if not word.startswith(("<", ">"))]


def is_command(words):
    return bool(words) and PROGRAM.match(words[0])


def is_installation(words):
    return words[:2] == ["apt", "install"] and any(word.startswith("./") for word in words)


def plain(words):
    """A command as RUN_BY has it: paths that are the reader's own have one name."""
    text = " ".join(words)
    text = re.sub(r"/media/usb2?/relay\b", "FOLDER", text)
    text = re.sub(r"\S*(/media/usb2?|/tmp)/\S+|\bkiosk\.backup|venue\.secret|words\.txt|FILE\.sealed", "FILE",
                  text)
    return re.sub(r"https://\S+", "URL", text)


COMMANDS = sorted({(name, plain(words)) for name, block in blocks() for line in block.splitlines()
                   for words in alone(line.strip())
                   if is_command(words) or is_installation(words)})
SPANS = sorted({(name, span) for name, path in zip(NAMES, DOCUMENTS)
                for span in texts(path, "code")})


def exists(test):
    path, name = test.split("::")
    return (ROOT / path).exists() and re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.M)


def test_the_readme_fits_on_a_few_screens():
    assert len(README.read_text().splitlines()) <= 200


def test_tests_that_are_named_exist():
    named = [(name, span) for name, span in SPANS if re.fullmatch(r"tests/[\w/]+\.py::\w+", span)]
    assert len(named) >= 24
    assert not [one for one in named if not exists(one[1])]


def test_every_promise_names_a_test():
    rows = re.findall(r"^\| (\d+)\. .*\| (.*) \|$", README.read_text(), re.M)
    assert [number for number, _ in rows] == [str(k) for k in range(1, 11)]
    for number, tests in rows:
        assert "::" in tests, number


@pytest.mark.parametrize("where,command", COMMANDS, ids=[": ".join(c) for c in COMMANDS])
def test_a_command_is_run_by_a_test(where, command):
    found = [test for pattern, test in RUN_BY if re.fullmatch(pattern, command)]
    assert found, f"{where}: no test is known to run: {command}"
    assert all(exists(test) for test in found), found


@cache
def help_of(*words):
    done = process.run([program(words[0]), *words[1:], "--help"])
    assert done.returncode == 0, done.stderr
    return done.stdout


def options_missing(words):
    """What a command has that its --help does not know."""
    if words[1:2] == ["--prefix"]:
        words = words[:1] + words[3:]
    inner = words[0] == "porchlight" and len(words) > 1 and not words[1].startswith("-")
    known = help_of(*words[:2]) if inner else help_of(words[0])
    return [word for word in words if word.startswith("--")
            and not re.search(rf"{re.escape(word.split('=')[0])}\b", known)]


def test_every_option_exists():
    said = [(name, words.split()) for name, words in COMMANDS + SPANS]
    wrong = [(name, words, options_missing(words)) for name, words in said
             if is_command(words) and len(words) > 1]
    assert len(wrong) > 60
    assert not [one for one in wrong if one[2]]


def test_make_targets_exist():
    known = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout
    lines = [(name, line.strip()) for name, block in blocks() for line in block.splitlines()]
    named = [(name, found[1]) for name, text in lines + SPANS
             if (found := re.match(r"(?:sudo )?make ([a-z-]+)", text))]
    assert len(named) > 8
    assert not [one for one in named if f"make {one[1]} " not in known and one[1] != "help"]


def test_config_keys_exist():
    """[section] and key = value in a block are those of the file that the block is about."""
    conf = (ROOT / "config/porchlight.conf").read_text()
    known = {}
    for line in conf.splitlines():
        if section := re.match(r"\[(\w+)", line):
            keys = known.setdefault(section[1], set())
        elif key := re.match(r"#?(\w+) =", line):
            keys.add(key[1])
    known["setup"] = set(re.findall(r'\{"(\w+)", "', (
        ROOT / "kiosk/cli/setup/setup_answers.c").read_text()))
    known["account"] = {"user", "password", "ca", "phones"}
    plan = (ROOT / "kiosk/man/porchlight-wipe.8").read_text()
    for kind in re.findall(r"^\.TP\n.*\[(\w+) NAME\]", plan, re.M):
        known.setdefault(kind, set())
    for kind in ("root", "unit", "cell", "luks", "tree"):
        assert rf"[{kind} NAME]" in plan
        known[kind] = {"path", "unit", "cell", "mapping", "device"}
    seen, wrong = 0, []
    for name, block in blocks():
        section = None
        for line in block.splitlines():
            if found := re.fullmatch(r"\[(\w+)(?: [\w-]+)?\]", line):
                section = found[1]
            elif (key := re.match(r"(\w+) = ", line)) and section in known:
                seen += 1
                wrong += [] if key[1] in known[section] else [(name, section, key[1])]
    assert seen > 25 and not wrong


def test_paths_exist():
    """Files of the source are there. Files of a kiosk are named by the source, or installed."""
    source = "".join(path.read_text() for top in ("kiosk", "systemd", "config")
                     for path in sorted((ROOT / top).rglob("*"))
                     if path.is_file() and path.suffix in (
                         "", ".c", ".h", ".in", ".sh", ".service", ".socket", ".tmpfiles",
                         ".postinst")
                     and "node_modules" not in path.parts)
    source += (ROOT / "Makefile").read_text()
    wrong, seen = [], 0
    words = [(name, word) for name, text in blocks() + SPANS for word in text.split()]
    for name, word in words:
        word = word.split("::")[0].strip("(),;'")
        if re.search(r"AREA|KIND|NAME|ROOM", word):
            continue
        if re.match(r"(tests|kiosk|hw|config|systemd)/[\w./-]+$", word):
            seen += 1
            wrong += [] if (ROOT / word).exists() else [(name, word)]
        elif re.match(r"/(etc|var|usr|run)/(?:[\w.-]+/)*porchlight", word):
            seen += 1
            last = [part for part in word.split("/") if part][-1]
            wrong += [] if last in source else [(name, word)]
    assert seen > 60 and not wrong


def slug(heading):
    """The name that a heading gets to be linked to by."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def headings(path):
    return {slug("".join(part.text or "" for part in node.iter() if part.tag != "heading"))
            for node in parsed(path).iter("heading")}


def targets(path):
    found = [node.get("destination") for kind in ("link", "image")
             for node in parsed(path).iter(kind)]
    return found + re.findall(r'<img src="([^"]+)"', path.read_text())


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_links_lead_somewhere(path):
    for target in targets(path):
        if re.match(r"https?:", target):
            continue
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        assert to.exists(), target
        assert not anchor or anchor in headings(to), target


def test_every_page_is_in_both_tables_of_contents():
    pages = {path.name for path in HANDBOOK.glob("*.md")}
    assert pages == {target for target in targets(HANDBOOK / "index.md")
                     if "/" not in target} | {"index.md"}
    assert pages - {"index.md"} == {target.split("/")[-1] for target in targets(README)
                                    if re.fullmatch(r"kiosk/handbook/[\w-]+\.md", target)}


def test_each_cue_is_explained_as_the_kiosk_explains_it():
    page = (HANDBOOK / "screen-and-cues.md").read_text().lower()
    table = re.findall(r'^ *\{\w+, "(.*?)",', (ROOT / "kiosk/core/legend.c").read_text(), re.M)
    assert len(table) == 10
    for picture in table:
        for part in re.split(r", ", picture.lower()):
            assert part in page, part


def test_the_html_has_every_link_and_picture():
    folder = fresh("h")
    done = process.run([HANDBOOK / "to-html", folder], 300)
    assert done.returncode == 0, done.stderr
    made = {path.name: path.read_text() for path in folder.glob("*.html")}
    assert len(made) == len(list(HANDBOOK.glob("*.md"))) + 1
    for name, text in made.items():
        assert text.count("<h1") == 1 and 'class="here"' in text or name == "index.html", name
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            file, _, anchor = target.partition("#")
            assert not file or (folder / file).exists(), (name, target)
            assert not anchor or f' id="{anchor}"' in made[file or name], (name, target)
    shutil.rmtree(folder)
