"""Going on after a fault: in smaller parts, or from the last good state at a lower rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from napari_unet.errors import JobError
from napari_unet.events import Note
from napari_unet.unet import faults
from napari_unet.unet.learner import Learner, copied

MOST_PARTS = 64  # of a batch in validation
STATE = ("parts", "val_parts", "gentler", "returns", "failed")


class Recovery:
    """What a training had to do so far to go on, and what it can still do.

    Parameters
    ----------
    learner
        What is trained. As it is now is the first good state.
    size
        The sides of an image, which an error names.

    Attributes
    ----------
    parts
        Into how many each batch is divided, which are computed one after the other.
    val_parts
        The same in validation.
    gentler
        Times the learning rate that the schedule says.
    """

    def __init__(self, learner: Learner, size: Sequence[int]) -> None:
        self.learner, self.size = learner, size
        self.parts = learner.optim.accumulate
        self.val_parts = 1
        self.gentler = 1.0
        self.returns = 0
        self.failed = 0  # steps in a row
        self.remember(0)

    # --- too little memory --------------------------------------------------------------------

    def divide(self) -> Note:
        """Divide the batch into more parts: each takes less memory, the gradient is the same.

        Raises
        ------
        JobError
            If the parts are single images already.
        """
        optim, speed = self.learner.optim, self.learner.speed
        faults.free(speed.device)
        share = math.ceil(optim.batch / speed.lanes)
        if self.parts >= share:
            size = "×".join(map(str, self.size))
            raise JobError(
                f"Out of memory: not even one image at {size} can be trained on. Choose a smaller "
                "working size or a smaller network, or close other programs."
            )
        self.parts = min(2 * self.parts, share)
        norm = self.learner.model.config.norm
        seen = "; batch norm sees each part by itself" if norm == "batch" else ""
        return Note(
            f"The memory does not suffice for {optim.batch} images at a time: each batch is "
            f"computed in {self.parts} parts, one after the other{seen}.",
            warning=True,
        )

    def can_divide_validation(self, error: Exception) -> bool:
        """Say whether validating in smaller batches may help against an error."""
        return faults.out_of_memory(error) and self.val_parts < MOST_PARTS

    def divide_validation(self) -> None:
        """Validate in batches half as large from now on."""
        faults.free(self.learner.speed.device)
        self.val_parts *= 2

    # --- numbers that are not finite ----------------------------------------------------------

    def lost(self, good: bool) -> bool:
        """Count the steps that failed in a row; say whether to go back."""
        self.failed = 0 if good else self.failed + 1
        return self.failed >= faults.BAD_STEPS

    def go_back(self, step_count: int) -> tuple[int, Note]:
        """Go back to the last good state, with a lower rate; return its count of steps.

        Raises
        ------
        JobError
            If that has been done too often.
        """
        if self.returns >= faults.RETURNS:
            raise JobError(
                f"The loss is no longer a finite number after {step_count} steps, and going "
                f"back to where it was with a lower learning rate did not help {self.returns} "
                "times. Lower the learning rate, or train in float32."
            )
        self.returns += 1
        self.failed = 0
        self.gentler *= faults.GENTLER
        # In the plateau's hands the rate belongs to the state that is restored.
        lower = self.gentler / self._good["gentler"]
        self.learner.restore(self._good["learner"])
        self.learner.rate *= lower
        return self._good["step_count"], Note(
            "The loss was no longer a finite number: back to the last good state, at "
            f"{self.gentler:g} times the learning rate.",
            warning=True,
        )

    def remember(self, step_count: int) -> None:
        """Take the state at hand for a good one, to which `go_back` leads."""
        self._good: dict[str, Any] = {
            "learner": copied(self.learner.state()),
            "step_count": step_count,
            "gentler": self.gentler,
        }

    # --- state --------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what was done so far, as plain values."""
        return {name: getattr(self, name) for name in STATE}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another training had done; see `remember` for its good state."""
        for name in STATE:
            setattr(self, name, state[name])
