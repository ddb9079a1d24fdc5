#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""table.py RESULTS ABOUT: what bench.sh wrote down as Markdown, medians with their spread."""
import statistics
import sys

FIELDS = "section image way step status wall cpu rss own written wire flush reason".split()


def load(path):
    rows = []
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            row = dict(zip(FIELDS, line.rstrip("\n").split("\t")))
            for name in FIELDS[4:12]:
                row[name] = int(row[name])
            rows.append(row)
    return rows


class Way:
    """All runs of one step of one way."""

    def __init__(self, runs):
        self.good = [run for run in runs if run["status"] == 0]
        self.failed = [run for run in runs if run["status"] != 0]

    def median(self, field):
        return statistics.median(run[field] for run in self.good)

    def most(self, field):
        return max(run[field] for run in self.good)

    def __bool__(self):
        return bool(self.good) and not self.failed


def ways_of(rows, section, image, step="apply"):
    """By name, in the order of their first run."""
    found = {}
    for row in rows:
        if (row["section"], row["image"], row["step"]) == (section, image, step):
            found.setdefault(row["way"], []).append(row)
    return {name: Way(runs) for name, runs in found.items()}


def seconds(way, field):
    """Median, and how far the runs lie apart."""
    values = [run[field] / 1e6 for run in way.good]
    text = f"{statistics.median(values):.2f}"
    if len(values) > 2:
        text += f" ({min(values):.2f}-{max(values):.2f})"
    return text


def mb(number):
    return f"{number / 1e6:.2f}" if number < 1e7 else f"{number / 1e6:.1f}"


def mb_of_kb(number):
    return f"{number * 1024 / 1e6:.1f}"


def markdown(heading, columns, lines):
    out = [f"## {heading}", "", "| " + " | ".join(columns) + " |",
           "|---|" + "---:|" * (len(columns) - 1)]
    out += ["| " + " | ".join(line) + " |" for line in lines]
    return out + [""]


def notes(ways):
    """Why there is no figure."""
    return [f"- {name}: {way.failed[0]['reason'] or 'failed'}"
            for name, way in ways.items() if way.failed]


def table(heading, columns, ways, cells):
    """cells gives those of a way that ran; the others have a dash in each."""
    lines = [[name] + (cells(name, way) if way else ["-"] * (len(columns) - 1))
             for name, way in ways.items()]
    told = notes(ways)
    return markdown(heading, columns, lines) + (told + [""] if told else [])


def install(rows):
    ways = ways_of(rows, "install", "ext4")
    raw = next((way for way in ways.values() if way), None)

    def cells(_, way):
        wire = way.median("wire")
        return [seconds(way, "wall"), f"{way.median('wall') / raw.median('wall'):.1f}",
                f"{way.median('cpu') / 1e6:.2f}", mb_of_kb(way.most("rss")), mb_of_kb(way.most("own")),
                mb(wire) if wire else "file", mb(way.median("written")),
                f"{way.median('flush') / 1e6:.2f}"]

    return table("The whole image, ext4, into a file",
                 ["way", "wall s", "x dd", "CPU s", "peak MB", "own MB", "wire MB", "written MB",
                  "to flush s"], ways, cells)


def delta(rows):
    out = []
    for image in ("ext4", "erofs", "squashfs"):
        ways = ways_of(rows, "delta", image)
        made = ways_of(rows, "delta", image, "make")
        full = ways.get("ota, full")

        def cells(name, way, made=made, full=full):
            wire = way.median("wire")
            make = made.get(name)
            return [mb(wire), f"{100 * wire / full.median('wire'):.1f}" if full else "-",
                    f"{way.median('wall') / 1e6:.2f}", f"{way.median('cpu') / 1e6:.2f}",
                    mb_of_kb(way.most("rss")), mb_of_kb(way.most("own")),
                    f"{make.median('cpu') / 1e6:.1f}" if make else "-",
                    mb_of_kb(make.most("rss")) if make else "-"]

        if ways:
            out += table(f"From v1 to v2, {image}",
                         ["way", "wire MB", "% of full", "wall s", "CPU s", "peak MB", "own MB",
                          "make: CPU s", "peak MB"], ways, cells)
    return out


def memory(rows):
    images = ("ext4", "large")
    ways = [ways_of(rows, "memory", image) for image in images]
    names = list(dict.fromkeys(name for found in ways for name in found))
    if not names:
        return []
    lines = []
    for name in names:
        line = ["ota " + name]
        for found in ways:
            way = found.get(name)
            line += [mb_of_kb(way.most("rss")), mb_of_kb(way.most("own"))] if way else ["-", "-"]
        lines.append(line)
    told = [note for found in ways for note in notes(found)]
    return markdown("What the commands of the device hold in memory",
                    ["command", "512 MiB: peak MB", "own MB", "4 GiB, sparse: peak MB", "own MB"],
                    lines) + (told + [""] if told else [])


def startup(rows):
    ways = ways_of(rows, "startup", "-")
    loaded = ways_of(rows, "startup", "-", "libraries")

    def cells(name, way):
        return [f"{way.median('cpu') / 1e3:.1f}", f"{way.median('wall') / 1e3:.1f}",
                mb_of_kb(way.median("rss")), str(int(loaded[name].median("wire")))]

    return table("Start-up", ["command", "CPU ms", "wall ms", "peak MB", "libraries"], ways, cells)


def link(rows):
    faults = ("plain", "reset", "stall")
    ways = {fault: ways_of(rows, "link", fault) for fault in faults}
    names = list(dict.fromkeys(name for found in ways.values() for name in found))
    if not names:
        return []
    lines, told = [], []
    for name in names:
        plain = ways["plain"].get(name)
        line = [name, mb(plain.median("wire")) if plain else "-"]
        for fault in faults[1:]:
            way = ways[fault].get(name)
            line += [f"{100 * (way.median('wire') / plain.median('wire') - 1):+.2f}" if way and plain
                     else "-"]
        lines.append(line)
    for fault, found in ways.items():
        told += [f"{note} ({fault})" for note in notes(found)]
    return markdown("Links that break every 15 MB: what crosses again",
                    ["way", "wire MB", "reset: % more", "stall: % more"],
                    lines) + (told + [""] if told else [])


def containers(rows):
    steps = [ways_of(rows, "containers", "-", step) for step in ("v1", "v2", "v3")]
    later = steps[1:]

    def cells(name, way):
        durable = statistics.median(run["wall"] + run["flush"] for run in way.good)
        line = [seconds(way, "wall"), f"{durable / 1e6:.2f}", f"{way.median('cpu') / 1e6:.2f}",
                mb_of_kb(way.most("rss")), mb(way.median("wire")), mb(way.median("written"))]
        for found in later:
            step = found.get(name)
            line += [mb(step.median("wire")), mb(step.median("written"))] if step else ["-", "-"]
        return line

    return table("A container image, pulled: v1 cold, v2 and v3 on top",
                 ["way", "v1: done s", "durable s", "CPU s", "peak MB", "wire MB", "written MB",
                  "v2: wire", "written", "v3: wire", "written"], steps[0], cells)


def ms(way, field):
    """Median, and how far the runs lie apart."""
    values = [run[field] / 1e3 for run in way.good]
    spread = f" ({min(values):.0f}-{max(values):.0f})" if len(values) > 2 else ""
    return f"{statistics.median(values):.0f}{spread}"


def handover(rows):
    memory_of = ways_of(rows, "handover", "-", "memory")
    times = ways_of(rows, "handover", "-", "time")

    def cells(_, way):
        lost = [run["wire"] for run in way.good]
        return [str(len(lost)), f"{way.median('written'):.0f}", str(sum(lost)), f"{min(lost)}-{max(lost)}",
                ms(way, "wall"), ms(way, "flush") if way.most("flush") else "-"]

    out = table("A service goes from v1 to v2 while 8 clients ask it without pause",
                ["way", "updates", "requests in each", "lost in all", "in each", "longest gap ms",
                 "commit ms"], ways_of(rows, "handover", "-", "update"), cells)
    if memory_of:
        out += table("What supervises it: memory of its own, private", ["process", "KiB"], memory_of,
                     lambda _, way: [" / ".join(str(run["rss"]) for run in way.good)])
    if times:
        out += table("A service that is ready at once: time", ["command", "commit ms", "whole ms"], times,
                     lambda _, way: [ms(way, "flush") if way.most("flush") else "-", ms(way, "wall")])
    return out


def main():
    rows = load(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as f:
        about = f.read()
    print("# ota and its peers, measured\n")
    print(about)
    print("MB = 10^6 bytes. CPU: user and system of all processes. Peak: the largest resident set of one\n"
          "process, with the files that it maps; own: what all of them together had beside mapped files.\n"
          "Wire: as the server counted it, requests, answers and their headers; or the file's size.\n"
          "Images are pulled from a registry, whose answers without their headers are the wire there; durable:\n"
          "done, and the file system synced; written: to its device.\n"
          "Lost: requests without an answer, each once. Gap: the longest that a client had none. Commit: from\n"
          "the command's first word to the supervisor until the new version is the current one. Private: what\n"
          "no other process shares, after a handover.\n"
          "Wall times are medians (least-most) of runs in turn; only their ratios mean something.\n")
    for section in (install, delta, memory, startup, link, containers, handover):
        lines = section(rows)
        if lines and len(lines) > 5:
            print("\n".join(lines))


main()
