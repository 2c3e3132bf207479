"""The window at 1920x1080, drawn in software under X11, beside Chromium full screen with a like
page in the same run; and a still page."""

import os
import signal
import time

from tests.kit import process, wait
from tests.kit.place import ROOT, fresh, program
from tests.kit.process import Process

SECONDS, ROUNDS = 15, 3

# The same picture as a web designer would make it: gradients, drifting clouds, glints, a clock.
PAGE = """<!doctype html><meta charset=utf-8><style>
body{margin:0;height:100vh;overflow:hidden;font:300 30px DejaVu Sans;color:#fff;
background:linear-gradient(#2f6fae,#7eadd0 45%,#dfe8e2 70%,#7aa6c4 70%,#2d4c64)}
.c{position:absolute;width:900px;height:160px;border-radius:50%;background:radial-gradient(closest-side,
#fffa,#fff0);animation:d 300s linear infinite}@keyframes d{from{transform:translateX(-900px)}
to{transform:translateX(1920px)}}.g{position:absolute;width:90px;height:5px;border-radius:50%;
background:#fff;animation:g 6s ease-in-out infinite}@keyframes g{50%{opacity:0}}
#t{position:absolute;left:240px;top:110px;font-size:150px}</style>
<div id=t></div><script>
const put=(c,x,y,d)=>{const e=document.createElement('div');e.className=c;e.style.left=x+'px';
e.style.top=y+'px';e.style.animationDelay=-d+'s';document.body.append(e)};
for(let i=0;i<5;i++)put('c',0,90+i*100,i*61);
for(let i=0;i<40;i++)put('g',(i*397)%1900,770+(i*83)%300,i*.7);
const tick=()=>t.textContent=new Date().toTimeString().slice(0,5);tick();setInterval(tick,1000)
</script>"""


class Display:
    """An X server of our own, without a GPU."""

    def __init__(self, folder):
        self.process = Process("Xvfb", ["sh", "-c",
                                        f"exec Xvfb -displayfd 1 -screen 0 1920x1080x24 "
                                        f"-nolisten tcp >{folder}/display"], folder / "xvfb.log")
        name = folder / "display"
        wait.until(lambda: name.exists() and name.read_text().strip(), "an X server", 10)
        self.name = ":" + name.read_text().strip()


def family(pid):
    """A process and all that came of it."""
    found = [pid]
    for parent in found:
        for task in os.listdir(f"/proc/{parent}/task"):
            with open(f"/proc/{parent}/task/{task}/children") as children:
                found += [int(c) for c in children.read().split()]
    return found


def spent(pids):
    """ns on a processor, voluntary switches, bytes of its own (PSS: what is shared is shared out)."""
    ns = switches = size = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as stat:
                ns += int(stat.read().split()[0])
            with open(f"/proc/{pid}/task/{task}/status") as status:
                switches += next(int(line.split()[1]) for line in status
                                 if line.startswith("voluntary"))
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            size += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return ns, switches, size * 1024


def measure(child):
    """Medians of the rounds: % of a core, wake-ups a second, MB."""
    rounds = []
    for _ in range(ROUNDS):
        pids = family(child.pid)
        before, began = spent(pids), time.monotonic()
        time.sleep(SECONDS)
        after, took = spent(pids), time.monotonic() - began
        rounds.append(((after[0] - before[0]) / took / 1e7, (after[1] - before[1]) / took,
                       after[2] / 2**20))
    return [sorted(r[k] for r in rounds)[ROUNDS // 2] for k in range(3)]


def screen(folder, display, *more):
    child = Process("porchlight-screen", [
        program("porchlight-screen"), "--prefix", folder, "--languages",
        ROOT / "config/languages", "--at", "2026-05-22T14:00", *more], folder / "screen.log",
        env=process.environment(DISPLAY=display.name))
    wait.until(lambda: "picture of 1920x1080 through x11, drawn by software" in child.said(),
               lambda: "the picture; it said:\n" + child.said(), 15)
    time.sleep(3)
    return child


def chromium(folder, display):
    page = folder / "page.html"
    page.write_text(PAGE)
    child = Process("chromium", ["chromium", "--no-sandbox", "--kiosk", "--no-first-run",
                                 "--disable-gpu", f"--user-data-dir={folder}/chromium",
                                 "--window-size=1920,1080", f"file://{page}"],
                    folder / "chromium.log",
                    env=process.environment(DISPLAY=display.name, HOME=folder))
    wait.until(lambda: len(family(child.pid)) > 4, "chromium's processes", 30, every=0.2)
    time.sleep(8)
    return child


def bench(report):
    folder = fresh("b")
    display = Display(folder)
    report.heading(f"the window at 1920x1080 in software, median of {ROUNDS} x {SECONDS} s; beside "
                   "Chromium with a like page")
    peer = chromium(folder, display)
    theirs = measure(peer)
    peer.signal(signal.SIGTERM)
    peer.wait(15)
    for what, more, limits in (("window", (), (3, 15, 40)),
                               ("still clock", ("--scene", "programme", "--reduced-motion"),
                                (0.1, 15, 40))):
        child = screen(folder, display, *more)
        mine = measure(child)
        child.stop()
        for k, (name, unit) in enumerate((("of one core", "%"), ("wake-ups a second", ""),
                                          ("memory (PSS)", "MB"))):
            report.row(f"{what}, {name}", mine[k], unit, limits[k], theirs[k])
    display.process.stop()
