"""Plots as SVG and the page that holds them, without anything from outside: build/bench/index.html, from
the rows and distributions that a report gathered."""

import math
from html import escape

WIDTH, BAR, GAP, LEFT = 760, 16, 8, 330
OURS, PEER, LIMIT = "#2f6f8f", "#b9a37a", "#b3382c"
COLOURS = [OURS, PEER, "#6b8f3a", "#8a5a8f", "#555"]
STYLE = """body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .2rem .8rem; text-align: right;
border-bottom: 1px solid #ddd } td:first-child, th:first-child { text-align: left } .over { color: #b3382c }
svg { max-width: 100%; height: auto }"""


def text(x, y, said, anchor="start", size=13):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(said)}</text>'


def svg(height, parts, name):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
            f'font-family="sans-serif"><title>{escape(name)}</title><rect width="100%" height="100%" fill="#fff"/>'
            f'{"".join(parts)}</svg>')


def number(value):
    return f"{value:.3f}".rstrip("0").rstrip(".") if value < 100 else f"{value:.0f}"


def bars(rows, name):
    """Rows of one unit, each with its peer's bar below it and a line at its limit."""
    most = max(max(r["value"], r["peer"] or 0) for r in rows) or 1
    room, parts, y = WIDTH - LEFT - 90, [], 4
    for r in rows:
        parts.append(text(LEFT - 8, y + 12, r["what"][:52], "end"))
        for value, colour in ((r["value"], OURS), (r["peer"], PEER)):
            if value is None:
                continue
            long = max(1, room * value / most)
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="{BAR}" fill="{colour}"/>')
            parts.append(text(LEFT + long + 6, y + 13, f"{number(value)} {r['unit']}"))
            y += BAR + 2
        if r["limit"] is not None and r["limit"] <= most:
            x = LEFT + room * r["limit"] / most
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - BAR - 4}" y2="{y}" stroke="{LIMIT}" '
                         'stroke-width="2"/>')
        y += GAP
    return svg(y, parts, name)


def legend(series, left, y):
    """The name of each of series beside its colour, in one line."""
    parts, room = [], (WIDTH - left) / len(series)
    for at, who in enumerate(series):
        x = left + room * at
        parts.append(f'<rect x="{x:.0f}" y="{y}" width="12" height="12" fill="{COLOURS[at % len(COLOURS)]}"/>')
        parts.append(text(x + 18, y + 11, who[:int((room - 20) / 6)], size=12))
    return parts


def round_steps(most):
    """0 and round numbers up to `most`, at least three and at most six of them."""
    step = next(one for power in range(-9, 12) for one in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
                if most / one < 6)
    return [step * i for i in range(int(most / step) + 1)]


def distribution(series, unit, name):
    """How many percent took at most so long: one curve for each of series, {name: values}."""
    most = max(sorted(values)[max(0, len(values) * 99 // 100 - 1)] for values in series.values()) or 1
    height, bottom, parts = 300, 260, []
    room = WIDTH - 150
    for percent in (0, 50, 90, 99):
        y = bottom - 2.4 * percent
        parts.append(f'<line x1="50" x2="{50 + room}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(text(44, y + 4, f"{percent} %", "end", 11))
    for value in round_steps(most):
        parts.append(text(50 + room * value / most, bottom + 18, f"{number(value)} {unit}", "middle", 11))
    for at, values in enumerate(series.values()):
        ordered, colour = sorted(values), COLOURS[at % len(COLOURS)]
        points = [f"{50 + room * min(1, v / most):.1f},{bottom - 240 * (i + 1) / len(ordered):.1f}"
                  for i, v in enumerate(ordered) if i % max(1, len(ordered) // 200) == 0]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(points)}"/>')
    return svg(height, parts + legend(series, 70, 284), name)


def powers(values):
    """1, 10, 100 ... around all values."""
    low, high = (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))
    return [10.0**p for p in range(low, max(high, low + 1) + 1)]


def curve(series, across, unit, name):
    """How something grows: one line for each of series, {name: [(x, y)]}, both axes logarithmic."""
    points = [p for line in series.values() for p in line]
    xs, ys = powers([x for x, _ in points]), powers([y for _, y in points])
    left, right, top, bottom = 80, WIDTH - 40, 10, 250

    def at(x, y):
        return (left + (right - left) * math.log10(x / xs[0]) / math.log10(xs[-1] / xs[0]),
                bottom - (bottom - top) * math.log10(y / ys[0]) / math.log10(ys[-1] / ys[0]))
    parts = []
    for y in ys:
        parts.append(f'<line x1="{left}" x2="{right}" y1="{at(xs[0], y)[1]:.1f}" y2="{at(xs[0], y)[1]:.1f}" '
                     'stroke="#ddd"/>')
        parts.append(text(left - 6, at(xs[0], y)[1] + 4, f"{number(y)} {unit}", "end", 11))
    for x in xs:
        parts.append(text(at(x, ys[0])[0], bottom + 18, number(x), "middle", 11))
    parts.append(text((left + right) / 2, bottom + 34, across, "middle", 11))
    for i, line in enumerate(series.values()):
        colour = COLOURS[i % len(COLOURS)]
        places = [at(*p) for p in line]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                     + " ".join(f"{x:.1f},{y:.1f}" for x, y in places) + '"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return svg(bottom + 62, parts + legend(series, left, bottom + 44), name)


def table(rows):
    cells = []
    for r in rows:
        over = r["limit"] is not None and r["value"] >= r["limit"]
        ratio = f"{r['value'] / r['peer']:.2f}" if r["peer"] else ""
        cells.append(f'<tr{" class=over" if over else ""}><td>{escape(r["what"])}</td><td>{number(r["value"])}</td>'
                     f'<td>{escape(r["unit"])}</td><td>{"" if r["peer"] is None else number(r["peer"])}</td>'
                     f'<td>{ratio}</td><td>{"" if r["limit"] is None else number(r["limit"])}</td></tr>')
    return ("<table><tr><th>what</th><th>value</th><th>unit</th><th>peer</th><th>ratio</th><th>limit</th></tr>"
            + "".join(cells) + "</table>")


def page(kept):
    """The whole page. `kept`: what report.Report keeps."""
    out = [f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Porchlight: measurements</title>"
           f"<style>{STYLE}</style><h1>Measurements</h1><p>{escape(kept['machine'])}, {escape(kept['system'])}. "
           f"Blue is Porchlight, sand a peer in the same run, a red line a promised limit.</p>"]
    for group in dict.fromkeys(r["group"] for r in kept["rows"]):
        rows = [r for r in kept["rows"] if r["group"] == group]
        out.append(f"<h2>{escape(group)}</h2>")
        for d in kept["distributions"]:
            if d["group"] == group:
                out.append(f"<h3>{escape(d['what'])}</h3>{distribution(d['series'], d['unit'], d['what'])}")
        for c in kept["curves"]:
            if c["group"] == group:
                out.append(f"<h3>{escape(c['what'])}</h3>{curve(c['series'], c['across'], c['unit'], c['what'])}")
        for unit in dict.fromkeys(r["unit"] for r in rows):
            out.append(bars([r for r in rows if r["unit"] == unit], f"{group}, {unit}"))
        out.append(table(rows))
    return "\n".join(out) + "\n"
