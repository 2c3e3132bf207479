"""The page that make bench ends with: tables and plots of what was measured, without anything from outside."""

import re
import xml.etree.ElementTree

import pytest

from tests.bench.chart import curve, page, round_steps
from tests.bench.plots import PLOTS, drawn
from tests.bench.report import merged
from tests.kit.place import ROOT

KEPT = {"machine": "x86_64", "system": "6.1",
        "rows": [{"group": "latency", "what": "porchlightd beside <a peer>, p50", "value": 0.7, "unit": "ms",
                  "limit": 1.5, "peer": 0.9},
                 {"group": "latency", "what": "p99", "value": 3.0, "unit": "ms", "limit": 2.0, "peer": None},
                 {"group": "memory", "what": "private", "value": 1900.0, "unit": "kB", "limit": None, "peer": 0}],
        "distributions": [{"group": "latency", "what": "to the subscriber", "unit": "ms",
                           "series": {"porchlightd": [0.5, 0.7, 0.6, 9.0], "a peer": [1.0]}}],
        "curves": []}


def test_every_figure_is_in_a_table_and_a_plot():
    html = page(KEPT)
    plots = [xml.etree.ElementTree.fromstring(one) for one in re.findall(r"<svg.*?</svg>", html, re.S)]
    assert len(plots) == 3 and html.count("<table>") == 2
    drawn = " ".join("".join(plot.itertext()) for plot in plots)
    for said in ("<a peer>", "0.7 ms", "3 ms", "1900 kB", "99 %", "to the subscriber"):
        assert said in drawn, said
    assert html.count("class=over") == 1
    assert not re.search(r"(src|href)=|@import|url\(", html), "something from outside"


def test_a_curve_rises_from_left_to_right():
    curve = re.search(r'<polyline[^>]*points="([^"]*)"', page(KEPT))[1]
    points = [tuple(map(float, p.split(","))) for p in curve.split()]
    assert len(points) == 4
    assert points == sorted(points, key=lambda p: (p[0], -p[1]))


def test_a_distribution_is_drawn_over_round_numbers():
    for most, said in ((8.127, [0, 2, 4, 6, 8]), (0.05, [0, 0.01, 0.02, 0.03, 0.04, 0.05]),
                       (59999, [0, 10000, 20000, 30000, 40000, 50000]), (60000, [0, 20000, 40000, 60000])):
        assert round_steps(most) == pytest.approx(said), most
    assert {"0 ms", "0.2 ms", "0.4 ms", "0.6 ms", "0.8 ms", "1 ms"} <= set(re.findall(r">([\d.]+ ms)<", page(KEPT)))


def test_a_long_name_stands_whole_beside_its_colour():
    names = ["memory of one node", "porchlightd, private memory, median"]
    plot = xml.etree.ElementTree.fromstring(curve({name: [(1, 1.0), (10, 2.0)] for name in names}, "kiosks", "MB", "x"))
    assert set(names) <= set(plot.itertext())


def test_growth_is_drawn_over_powers_of_ten():
    curve = {"group": "latency", "what": "as kiosks are added", "across": "kiosks", "unit": "MB",
             "series": {"memory": [(1, 5.0), (10, 50.0), (1000, 500.0)]}}
    html = page(KEPT | {"curves": [curve]})
    plot = next(xml.etree.ElementTree.fromstring(one) for one in re.findall(r"<svg.*?</svg>", html, re.S)
                if "as kiosks are added" in one)
    assert {"1", "10", "100", "1000", "1 MB", "1000 MB", "memory", "kiosks"} <= set(plot.itertext())
    places = [(float(c.get("cx")), float(c.get("cy"))) for c in plot.iter() if c.tag.endswith("circle")]
    (x1, y1), (x2, y2), (x3, y3) = places
    assert abs((x3 - x2) - 2 * (x2 - x1)) < 1 and abs((y1 - y2) - (y2 - y3)) < 1


def test_a_run_of_one_bench_keeps_what_others_found():
    again = {"machine": "arm64", "system": "6.6", "distributions": [], "curves": [],
             "rows": [{"group": "memory", "what": "private", "value": 2.0, "unit": "kB", "limit": None, "peer": 0}]}
    both = merged(KEPT, again)
    assert [(r["group"], r["value"]) for r in both["rows"]] == [("latency", 0.7), ("latency", 3.0), ("memory", 2.0)]
    assert both["machine"] == "arm64" and both["distributions"] == KEPT["distributions"]
    assert merged({}, again) == again


def test_the_handbooks_plots_are_those_that_were_measured():
    kept = KEPT | {"distributions": [{"group": "kiosks", "what": "one alert to its phones", "unit": "ms",
                                      "series": {"phones": [1.0, 2.0]}}],
                   "curves": [{"group": "relays", "what": "as relays are added, MB", "across": "relays",
                               "unit": "MB", "series": {"memory": [[1, 2.0], [100, 200.0]]}}]}
    found = drawn(kept)
    assert set(found) == {"bench-kiosks.svg", "bench-relays.svg"}
    for one in found.values():
        assert xml.etree.ElementTree.fromstring(one).tag.endswith("svg")


def test_the_benches_still_measure_what_the_handbook_has_plots_of():
    sources = "".join(path.read_text() for path in (ROOT / "tests/bench").glob("*.py") if path.name != "plots.py")
    for file, (kind, what) in PLOTS.items():
        named = what.rpartition(", ")[0] + ", {unit}" if kind == "curves" else what
        assert f'"{named}"' in sources, file
    for path in (ROOT / "kiosk/handbook/pictures").glob("bench-*.svg"):
        assert path.name in PLOTS, path.name
        xml.etree.ElementTree.parse(path)
