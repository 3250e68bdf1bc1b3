"""Reading cases in a thread, and showing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari_unet.data.cases import Case
from napari_unet.errors import readable
from napari_unet.session import Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.case_layers import Shown
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.reading import Opened, case_key, read
from napari_unet.widgets.shelf import Ahead, Shelf, shelf_key
from napari_unet.widgets.stacks import Stacks
from napari_unet.widgets.understanding import Understanding


class Loader:
    """Opens cases; the newest wish wins."""

    def __init__(self, session: Session, layers: Layers) -> None:
        self.session, self.layers = session, layers
        self.shelf = Shelf()
        self.opened: Opened | None = None  # the case that is shown, as it was read
        self.understanding = Understanding(session)
        self._wishes = Background()
        self._ahead = Ahead(session, self.shelf)
        self.stacks = Stacks(session, layers, self.understanding, self._wishes)

    def open_case(self, case: Case, then: Callable[[], None] | None = None) -> None:
        """Read a case and show it, then do something with it."""
        dataset = self.session.dataset
        if dataset is None:
            return
        # As it is known now: a table may not have heard of a correction yet.
        case = next((c for c in dataset.cases if c.name == case.name), case)
        if then is None and self.stacks.go_to(case):
            return
        self.stacks.leave()
        if self.layers.open_case() == case_key(dataset, case):
            self._wishes.drop()
            self.session.set_case(case)
            if then is not None:
                then()
            return
        key = shelf_key(dataset, case)

        def show(opened: Opened) -> None:
            self.shelf.put(key, opened)
            now = self.session.dataset
            if now is not dataset:  # understood in another way by now, or closed
                cases = now.cases if now is not None and now.root == dataset.root else ()
                if any(c.name == case.name for c in cases):
                    self.open_case(case, then)
                return
            self._show(opened)
            if then is not None:
                then()

        def failed(error: Exception) -> None:
            self.understanding.say(str(readable(error)), "error")

        self._ahead.stop()
        if (opened := self.shelf.get(key)) is not None:
            self._wishes.drop()
            show(opened)
        else:
            self._wishes.run(f"reading {case.name}", lambda: read(case, dataset), show, failed)

    def step(self, by: int) -> None:
        """Open the next or an earlier case."""
        case = self.session.neighbour(by)
        if case is not None:
            self.open_case(case)

    def open_stack(self, cases: Sequence[Case]) -> None:
        """Show cases of one size as a stack, in place of the open case."""
        self._ahead.stop()
        self.stacks.open(cases, self.shelf)

    def close_stack(self) -> None:
        """Go back from a stack to the case that it shows."""
        case = self.session.case
        if self.stacks.stack is not None and case is not None:
            self.stacks.leave()
            self.open_case(case)

    def show_file(self, shown: Shown) -> None:
        """Show an image that is no case of the data set, in place of the open case."""
        self._wishes.drop()
        self.stacks.leave()
        self.layers.show_case(shown)
        self.session.leave_case()

    def close(self) -> None:
        """Let go of the open case and of those that were read ahead."""
        self._wishes.drop()
        self._ahead.stop()
        self.shelf.clear()
        self.stacks.leave()
        self.layers.close_case()

    def _show(self, opened: Opened) -> None:
        if self.session.dataset is None or self.session.closed:
            return
        self.layers.show_case(opened.shown)
        self.opened = opened
        self.understanding.take(opened)
        self.session.set_case(opened.case)
        self._ahead.start()
