"""What a run tells: its progress on stderr, and the table that it prints and keeps."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).with_name("RESULTS.md")
TITLE = """\
# Results

Written by `benches/run --write`; [README.md](README.md) says what each line means and what it does not.
"""
HEADINGS = ("What", "Ours", "Beside it", "Ratio", "Lowest to highest", "By processor time", "Goal", "Reached")


def say(words):
    print(f"benches: {words}", file=sys.stderr, flush=True)


@dataclass
class Goal:
    """What a line should reach. Some goals hold for one size of directory only."""

    text: str
    reached: object  # a function from the line's number to yes or no
    size: str = ""

    def words(self, number, size):
        if self.size and self.size != size:
            return f"{self.text} at {self.size}", "-"
        return self.text, "yes" if self.reached(number) else "no"


def at_least(number, size=""):
    return Goal(f">= {number:g}", lambda ratio: ratio >= number, size)


def at_most(number, unit, size=""):
    return Goal(f"<= {number:g} {unit}", lambda amount: amount <= number, size)


@dataclass
class Results:
    """The lines of one run, with what was left out and what to know about it."""

    size: str
    conditions: list
    lines: list = field(default_factory=list)
    left_out: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    idle: list = field(default_factory=list)  # who waited in which case
    latencies: list = field(default_factory=list)  # how long answers took, in which case

    def compared(self, what, contest, ours, theirs, goal=None, costs=True):
        """A line whose number is the median of the ratios. `costs` says that processor time was seen on both sides."""
        low, high = contest.spread()
        by_cost = f"{contest.ratio_of_costs():.2f}" if costs else ""
        self._line(what, ours, theirs, f"{contest.ratio():.2f}", f"{low:.2f} to {high:.2f}", by_cost, contest.ratio(), goal)

    def measured(self, what, ours, amount, goal=None):
        """A line that stands alone."""
        self._line(what, ours, "", "", "", "", amount, goal)

    def _line(self, what, ours, theirs, ratio, spread, costs, number, goal):
        wanted, reached = goal.words(number, self.size) if goal else ("", "")
        self.lines.append((what, ours, theirs, ratio, spread, costs, wanted, reached))

    def text(self):
        """This run as a section of the page."""
        widths = [max(len(row[column]) for row in [HEADINGS, *self.lines]) for column in range(len(HEADINGS))]
        rule = tuple("-" * width for width in widths)
        table = "\n".join(
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in [HEADINGS, rule, *self.lines]
        )
        parts = [f"## {self.size} services", "\n".join(f"- {condition}" for condition in self.conditions), table]
        notes = list(self.notes)
        if self.latencies:
            notes.append("How long answers took, at 8 connections: " + "; ".join(self.latencies) + ".")
        if self.idle:
            notes.append("Not kept busy, by the client or by other work on the machine, so go by processor time: " + "; ".join(self.idle) + ".")
        if notes:
            parts.append("\n".join(f"- {note}" for note in notes))
        if self.left_out:
            parts.append("Left out:\n\n" + "\n".join(f"- {reason}" for reason in self.left_out))
        return "\n\n".join(parts) + "\n"

    def keep(self):
        """Put this run in place of the last one of the same size."""
        kept = PAGE.read_text().split("\n## ")[1:] if PAGE.exists() else []
        sections = {section.split(" ", 1)[0]: "## " + section.rstrip() + "\n" for section in kept}
        sections[self.size] = self.text()
        ordered = sorted(sections, key=lambda size: int(size.replace("k", "000")))
        PAGE.write_text("\n".join([TITLE, *(sections[size] for size in ordered)]))
