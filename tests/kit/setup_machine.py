"""This machine, set up without --prefix: in namespaces of its own, where /etc is an overlay, /run and
/var/lib are empty, and systemctl is an actor that runs the real porchlightd."""

from tests.kit import process
from tests.kit.place import program

# `broken`: the units that do not start, and those in the file of that name. Each unit's state is a file of its name.
SYSTEMCTL = """#!/bin/sh
units={folder}/units verb= unit=
for word in "$@"; do
    case $word in
    -*) [ "$word" != --now ] || now=yes ;;
    *.service|*.socket|*.timer) unit=$word ;;
    *) verb=$word ;;
    esac
done
echo "$verb $unit" >>{folder}/asked
ends() {{
    [ ! -s "$units/$unit.active" ] || kill "$(cat "$units/$unit.active")"
    while [ -s "$units/$unit.active" ] && kill -0 "$(cat "$units/$unit.active")" 2>/dev/null; do sleep .05; done
    rm -f "$units/$unit.active"
}}
begins() {{
    case " {broken} $(cat {folder}/broken 2>/dev/null) " in *" $unit "*) return 1 ;; esac
    : >"$units/$unit.active"
    [ "$unit" = porchlightd.service ] || return 0
    {program} >{folder}/porchlightd.log 2>&1 &
    echo $! >"$units/$unit.active"
    until [ -S /run/porchlight/admin.sock ] && {status} >/dev/null 2>&1; do
        kill -0 $! || return 1
        sleep .05
    done
}}
case $verb in
enable) : >"$units/$unit.enabled" ;;
disable) rm -f "$units/$unit.enabled"; [ -z "${{now:-}}" ] || ends ;;
is-enabled) [ -e "$units/$unit.enabled" ] ;;
is-active) [ -e "$units/$unit.active" ] ;;
stop) ends ;;
start|restart) ends; begins ;;
esac
"""

STAGE = """
mount -t proc proc /proc &&
mount -t tmpfs tmpfs {folder}/stage &&
mkdir {folder}/stage/upper {folder}/stage/work &&
mount -t overlay overlay -o lowerdir=/etc,upperdir={folder}/stage/upper,workdir={folder}/stage/work /etc &&
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/porchlight &&
mount -t tmpfs tmpfs /var/lib && mkdir -p /var/lib/porchlight &&
export PATH={folder}:$PATH
"""


class Machine:
    """What a script does on it, from the start: the next script finds it empty again."""

    def __init__(self, folder, broken=()):
        self.folder = folder
        (folder / "stage").mkdir()
        (folder / "units").mkdir()
        actor = folder / "systemctl"
        actor.write_text(SYSTEMCTL.format(folder=folder, broken=" ".join(broken),
                                          program=program("porchlightd"),
                                          status=f"{program('porchlight')} status"))
        actor.chmod(0o755)
        (folder / "porchlight").symlink_to(program("porchlight"))

    def answers(self, **answers):
        answers = {"switch": "sim:counter", "door": "none", "host": "localhost",
                   "broker": "elsewhere", "outside": "mqtt.example.org", "outside_account": "make",
                   "drill": "no", "root": self.folder / "stage/root.key", **answers}
        path = self.folder / "answers"
        path.write_text("[setup]\n" + "".join(f"{k} = {v}\n" for k, v in answers.items() if v is not None))
        return path

    def run(self, script, within=60, network=False):
        """With `porchlight` in the path. Everything that it started ends with it. `network`: an empty one
        of its own, and a host name."""
        more = ["--net", "--uts"] if network else []
        return process.run([*process.own_mounts(), *more, "--pid", "--fork", "--kill-child", "sh", "-c",
                            STAGE.format(folder=self.folder) + "{\n" + script + "\n}"], within)

    def asked(self):
        """What was asked of systemctl, in order."""
        return (self.folder / "asked").read_text().splitlines()
