#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a report of what was measured: plots of cost against size, by gnuplot, and a page with them and the numbers.

  report.py DIRECTORY

DIRECTORY/data.tsv has a line for each measurement: scene, size, what was measured, and its median, least and most
milliseconds. DIRECTORY/machine says where. Written are DIRECTORY/report.html, and DIRECTORY/SCENE.svg for each scene of
which more than one size was measured.
"""

import html
import re
import subprocess
import sys

# Of a scene: its heading, and what its size counts.
SCENES = {
    "flocks": ("Every lock of the system: processes with 100 flocks each", "locks"),
    "ranges": ("POSIX ranges of one file, open at a tenth as many descriptors", "locks"),
    "memory": ("Checkpoint and restore of one process, by its memory", "MiB written"),
    "threads": ("Checkpoint and restore of one process with many threads", "threads"),
    "descriptors": ("Checkpoint and restore of one process with many descriptors", "descriptors"),
}

# For eyes that do not tell all colours apart, points have shapes too, and lines of another tool are dashed.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }
svg { width: 100%; height: auto }
table { border-collapse: collapse; margin: 1em 0 }
th, td { padding: .15em .8em; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left }
"""


class Row:
    def __init__(self, line):
        self.scene, size, self.way, *times = line.rstrip("\n").split("\t")
        self.size = int(size)
        self.median, self.least, self.most = map(float, times)


def read(path):
    with open(path, encoding="utf-8") as file:
        return [Row(line) for line in file]


def unique(values):
    return list(dict.fromkeys(values))


def quoted(text):
    """As gnuplot takes it."""
    return "'" + text.replace("'", "''") + "'"


def tool_of(way):
    """The tool of a way that is called TOOL: WHAT."""
    return way.rpartition(": ")[0]


def plot(scene, rows):
    """One scene as an SVG. Both axes are logarithmic: what grows as the square of the size is twice as steep."""
    heading, unit = SCENES[scene]
    ways = unique(row.way for row in rows)
    tools = unique(tool_of(way) for way in ways)
    parts = unique(way.removeprefix(tool_of(way)) for way in ways)
    commands = [
        "set terminal svg size 840,480 dynamic enhanced font 'sans-serif,14' background '#ffffff'",
        f"set title {quoted(heading)} noenhanced",
        f"set xlabel {quoted(unit)} noenhanced",
        "set ylabel 'milliseconds: median, least and most'",
        "set logscale xy",
        "set format x '%.0f'",
        "set format y '%g'",
        "set grid xtics ytics lc rgb '#dddddd'",
        "set key outside right top noenhanced",
        "set xtics (" + ", ".join(f"'{size:,}' {size}" for size in unique(row.size for row in rows)) + ")",
        f"set xrange [{min(row.size for row in rows) / 1.4}:{max(row.size for row in rows) * 1.4}]",
    ]
    curves = []
    for index, way in enumerate(ways):
        kind = parts.index(way.removeprefix(tool_of(way)))
        colour = COLOURS[kind % len(COLOURS)]
        commands.append(f"$way{index} << END")
        commands += [f"{row.size} {row.median} {row.least} {row.most}" for row in rows if row.way == way]
        commands.append("END")
        look = f"lc rgb '{colour}' lw 2 pt {kind + 4} ps 0.7"
        line = f"{look} dt {tools.index(tool_of(way)) + 1}"
        curves.append(f"$way{index} using 1:2 with linespoints {line} title {quoted(way)}")
        curves.append(f"$way{index} using 1:2:3:4 with yerrorbars {look} notitle")
    commands.append("plot " + ", ".join(curves))
    drawn = subprocess.run(["gnuplot"], input="\n".join(commands) + "\n", check=True, text=True,
                           capture_output=True)
    return drawn.stdout


def table(rows):
    """The numbers, with how often the first way's time each takes."""
    lines = ["<table>", "<tr><th>way<th>size<th>median ms<th>least<th>most<th>ratio</tr>"]
    for size in unique(row.size for row in rows):
        same = [row for row in rows if row.size == size]
        lines += [f"<tr><td>{html.escape(row.way)}<td>{size:,}<td>{row.median:.2f}<td>{row.least:.2f}"
                  f"<td>{row.most:.2f}<td>{row.median / same[0].median:.2f}</tr>" for row in same]
    return "\n".join(lines + ["</table>"])


def inline(svg, scene):
    """An SVG as part of a page, where ids are those of the whole page."""
    svg = svg[svg.index("<svg"):]
    return re.sub(r"""(id=['"]|url\(#|href=['"]#)""", rf"\g<1>{scene}_", svg)


def main(directory):
    rows = read(f"{directory}/data.tsv")
    with open(f"{directory}/machine", encoding="utf-8") as file:
        machine = html.escape(file.read().strip())
    page = ["<!DOCTYPE html>", '<html lang="en">', '<meta charset="utf-8">', "<title>crlock: what it costs</title>",
            f"<style>{STYLE}</style>", "<h1>What it costs</h1>",
            f"<p>{machine}, in a VM. All ways took turns in each round; a ratio is of medians, to the first way.</p>"]
    for scene in unique(row.scene for row in rows):
        of_scene = [row for row in rows if row.scene == scene]
        page.append(f"<h2>{html.escape(SCENES[scene][0])}</h2>")
        if len(unique(row.size for row in of_scene)) > 1:
            svg = plot(scene, of_scene)
            with open(f"{directory}/{scene}.svg", "w", encoding="utf-8") as file:
                file.write(svg)
            page.append(inline(svg, scene))
        page.append(table(of_scene))
    with open(f"{directory}/report.html", "w", encoding="utf-8") as file:
        file.write("\n".join(page) + "\n</html>\n")
    print(f"plots are in {directory}/report.html")


main(*sys.argv[1:])
