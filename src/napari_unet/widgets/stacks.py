"""Cases of one size shown as a stack, whose slider says which case is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from psygnal import Signal

from napari_unet.data.cases import Case
from napari_unet.errors import readable
from napari_unet.session import Message, Session
from napari_unet.widgets.background import Background
from napari_unet.widgets.layers import Layers
from napari_unet.widgets.shelf import Shelf
from napari_unet.widgets.stacking import Stack, make_stack
from napari_unet.widgets.understanding import Understanding


class Stacks:
    """Shows one stack in place of the open case.

    ``wishes`` is the thread in which single cases are read, too: of all that is asked for, the
    newest is shown.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        layers: Layers,
        understanding: Understanding,
        wishes: Background,
    ) -> None:
        self.session, self.layers = session, layers
        self.understanding, self._wishes = understanding, wishes
        self.stack: Stack | None = None
        layers.slice_changed.connect(self._follow)

    def open(self, cases: Sequence[Case], shelf: Shelf) -> None:
        """Show cases of one size as a stack, read slice by slice."""
        dataset, cases = self.session.dataset, tuple(cases)
        if dataset is None:
            return
        self._wishes.run(
            f"stacking {len(cases)} cases",
            lambda: make_stack(cases, dataset, shelf),
            self._show,
            lambda error: self.session.fail("dataset", readable(error)),
        )

    def go_to(self, case: Case) -> bool:
        """Turn the slider to a case; return whether it is in the stack."""
        if self.stack is None or case not in self.stack.cases:
            return False
        self.layers.cases.go_to((self.stack.cases.index(case),))
        return True

    def leave(self) -> None:
        """Show single cases from now on."""
        if self.stack is not None:
            self.stack = None
            self.changed.emit()

    def _show(self, stack: Stack) -> None:
        if self.session.dataset is None or self.session.closed:
            return
        self.session.set_message("dataset", Message())
        case = self.session.case
        self.layers.show_case(stack.shown)
        self.stack = stack
        self.understanding.take_stack(stack.shown)
        at = stack.cases.index(case) if case in stack.cases else 0
        self.layers.cases.go_to((at,))
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        """Say which case the slider stands on."""
        if self.stack is None:
            return
        if self.layers.open_case() != self.stack.shown.key:  # its layer was replaced or closed
            self.leave()
            return
        case = self.stack.cases[self.layers.cases.index()[0]]
        if case != self.session.case:
            self.session.set_case(case)
            self.understanding.say(self.stack.errors.get(case.name, ""))
