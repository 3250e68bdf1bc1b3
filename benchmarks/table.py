"""How long the table of scores holds up the viewer while it fills, sorts, filters and groups.

The Scores dock is shown with the scores of an evaluation of ``--cases`` images, three classes and
two tags, as large evaluations have. Every operation is done ``--repeat`` times; a timer that should
fire every millisecond measures for how long nothing else could happen, and how much of that this
thread computed: the rest it waited for other programs. Run it as

    python benchmarks/table.py [--cases 2557] [--repeat 5]

with a display, or under ``xvfb-run -a``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

os.environ["NAPARI_UNET_HOME"] = tempfile.mkdtemp(prefix="napari-unet-home-")

import numpy as np
from napari.components import ViewerModel
from napari.qt import get_stylesheet
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QApplication

from napari_unet.events import CaseDone, CaseScore, EvaluateFinished
from napari_unet.jobs import EvaluateJob
from napari_unet.metrics import summarise
from napari_unet.session import Session
from napari_unet.widgets import EvaluateDock
from napari_unet.widgets.desk import desk_of

CLASSES = ("core", "oedema", "enhancing")
REST = 0.6  # seconds after an operation: what is drawn or summed up later counts, too


class Watch:
    """Measures the longest time for which the event loop was held up."""

    def __init__(self) -> None:
        self.longest = self.computed = 0.0
        self.last = (0.0, 0.0)
        self.timer = QTimer()
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.setInterval(1)
        self.timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        self.longest = max(self.longest, now[0] - self.last[0] - 0.001)
        self.computed = max(self.computed, now[1] - self.last[1])
        self.last = now

    def hold_up(self, act: Callable[[], None]) -> tuple[float, float]:
        """Return for how many milliseconds at a time ``act``, and what follows, took the loop.

        The second number is without the time in which other programs had the processor.
        """
        loop = QEventLoop()
        self.longest = self.computed = 0.0
        self.last = (time.perf_counter(), time.thread_time())
        self.timer.start()
        QTimer.singleShot(20, act)
        QTimer.singleShot(round(1000 * REST), loop.quit)
        loop.exec()
        self.timer.stop()
        return 1e3 * self.longest, 1e3 * self.computed


def made_up(cases: int, seed: int = 0) -> tuple[CaseScore, ...]:
    """Return scores as an evaluation of volumes may give them."""
    rng = np.random.default_rng(seed)

    def values(dice: float) -> dict[str, float]:
        distance = float(rng.gamma(2, 4)) if dice else float("nan")
        size, truth = (float(v) for v in rng.integers(100, 90_000, 2))
        return {
            "dice": dice,
            "iou": dice / (2 - dice),
            "precision": min(1.0, dice + 0.03),
            "recall": max(0.0, dice - 0.02),
            "hd95": distance,
            "surface_distance": distance / 4,
            "volume": size,
            "reference_volume": truth,
        }

    def score(i: int) -> CaseScore:
        dice = float(rng.beta(8, 2)) if i % 50 else 0.0
        return CaseScore(
            f"images/case_{i:04d}",
            f"patient-{i // 2:04d}",
            pixel_accuracy=0.98,
            empty=False,
            tags={"tumour": ("glioma", "meningioma", "pituitary")[i % 3], "site": str(i % 7)},
            per_class={name: values(dice) for name in CLASSES},
            unit="mm",
            dims=3,
            **values(dice),
        )

    return tuple(score(i) for i in range(cases))


class Table:
    """The dock, and what is done to it."""

    def __init__(self, cases: int, repeat: int) -> None:
        viewer = ViewerModel()
        self.desk = desk_of(viewer, Session)
        self.session = self.desk.session
        self.dock = EvaluateDock(viewer)
        self.dock.setStyleSheet(get_stylesheet("dark"))
        self.dock.resize(300, 1000)
        self.dock.show()
        self.panel = self.dock.view.scores
        self.scores = made_up(cases)
        self.summary = summarise(self.scores)
        self.turn = 0
        copies = (tuple(replace(score) for score in self.scores) for _ in range(repeat))
        ended = (EvaluateFinished("m", "all", 0.5, c, self.summary, 1.0) for c in copies)
        self.endings = list(ended)

    def begin(self) -> None:
        """Begin an evaluation, before its first score."""
        self.session.start_sheet(EvaluateJob("/data", "m", "all"))

    def fill(self, count: int) -> None:
        """Take in so many scores, one by one, as they may come between two drawings."""
        assert self.session.sheet is not None
        start = len(self.session.sheet.scores)
        for score in self.scores[start : start + count]:
            self.session.take_score(CaseDone(score.name, score))

    def finish(self) -> None:
        """Take in all scores anew, as the evaluation's last event brings them."""
        self.session.take_scores(self.endings.pop())

    def sort(self) -> None:
        """Sort by another column, or the other way round."""
        self.turn += 1
        self.panel.table.sortByColumn(1 + self.turn % 2, Qt.SortOrder(self.turn // 2 % 2))

    def search(self) -> None:
        """Search for other words."""
        self.turn += 1
        self.panel.filter.search.setText(("glioma", "case_00", "")[self.turn % 3])

    def pick(self) -> None:
        """Click on another bar of the histogram."""
        self.turn += 1
        self.panel.distribution._pick_bin(10 + self.turn % 8)

    def show_all(self) -> None:
        """Forget every filter."""
        self.panel.filter.all_button.click()

    def group(self, by: str) -> None:
        """Group by something, or not at all."""
        self.panel.choices.groups.set_key(by)
        self.panel.choices.group_chosen.emit()

    def choose_class(self) -> None:
        """Show another class."""
        self.turn += 1
        self.panel.choices.classes.set_key(CLASSES[self.turn % 3])
        self.panel.choices.class_chosen.emit()

    def correct(self) -> None:
        """Replace a case's score, as after a stroke of the brush."""
        self.turn += 1
        score = self.scores[self.turn * 97 % len(self.scores)]
        self.session.replace_score(replace(score, dice=0.5, corrected=True))

    def choose_columns(self) -> None:
        """Show other columns."""
        self.turn += 1
        keys = ("dice", "iou", "hd95", "volume", "patient", "tag:tumour")
        self.panel.set_columns(keys[: 3 + self.turn % 4])

    def unfold_filter(self) -> None:
        """Show or hide the filters."""
        self.panel.filter.button.toggle()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=2557)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    app = QApplication.instance() or QApplication([])
    table, watch = Table(args.cases, args.repeat), Watch()
    watch.hold_up(lambda: None)  # the first drawing

    def tell(what: str, *acts: Callable[[], None]) -> None:
        times = np.array([watch.hold_up(act) for _ in range(args.repeat) for act in acts])
        middle, most = np.median(times, axis=0), times.max(axis=0)
        print(
            f"{what:<40} computing {middle[1]:5.1f} ms, at most {most[1]:5.1f}"
            f"   waited for {middle[0]:6.1f} ms, at most {most[0]:6.1f}",
            flush=True,
        )

    tell("nothing", lambda: None)
    table.begin()
    table.fill(args.cases - 21 * args.repeat)
    table.panel.fold.set_open(True)
    tell("fill: one more score", lambda: table.fill(1))
    tell("fill: twenty scores at once", lambda: table.fill(20))
    table.panel.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    tell("all scores anew, sorted", table.finish)
    tell("replace_score, sorted", table.correct)
    tell("sort", table.sort)
    tell("search", table.search)
    table.show_all()
    tell("pick a bar of the histogram, show all", table.pick, table.show_all)
    tell("another class", table.choose_class)
    tell("other columns", table.choose_columns)
    tell("group by tag, and not", lambda: table.group("tag:tumour"), lambda: table.group(""))
    tell("group by patient, and not", lambda: table.group("patient"), lambda: table.group(""))
    table.group("patient")
    tell("replace_score, grouped by patient", table.correct)
    table.group("")
    tell("unfold the filters, and fold", table.unfold_filter)
    table.dock.close()
    table.desk.close()
    del app


if __name__ == "__main__":
    main()
