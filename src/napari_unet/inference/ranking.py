"""Ranking as a job: which cases are worth correcting next."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_unet.config import SegmentConfig
from napari_unet.data.candidates import Candidate, candidates
from napari_unet.data.cases import IGNORE, LabelRule
from napari_unet.data.formats import axes_of, read_case, read_image
from napari_unet.data.readers.memory import load
from napari_unet.data.splits.split import load as load_split
from napari_unet.data.splits.split import split_path
from napari_unet.errors import DataError, UnetError, readable
from napari_unet.events import Event, Note, Progress, Ranked, RankedCase
from napari_unet.inference.estimates import FAINT, Calibration, Estimate, estimate
from napari_unet.inference.predictors import Predictor, predictor
from napari_unet.inference.results import Kept
from napari_unet.jobs import RankJob
from napari_unet.labelling import label_image
from napari_unet.metrics import count, dice, mean_present
from napari_unet.unet.aside import aside
from napari_unet.unet.store import ahead

SURE, WRONG = 0.85, 0.5  # expected and true Dice that together speak of a mistaken reference
AGAIN = 0.5  # times the gain of each further case of one patient: others may teach more
UNSURE = 0.15  # uncertainty that is worth words


@dataclass(frozen=True)
class Judged:
    """A candidate, what its answer tells, and its Dice with its reference (NaN without one)."""

    candidate: Candidate
    estimate: Estimate
    dice: float


def rank(job: RankJob) -> Generator[Event, None, None]:
    """Segment every case and rank them; a `RankedCase` each as they come, last `Ranked`.

    Cases come with gains that are not calibrated yet; the last event holds them all, in order.

    Raises
    ------
    DataError
        If the folder holds no image, the subset is not known, or no image can be segmented.
    ModelError
        If the model cannot be read.
    """
    begun = time.monotonic()
    yield Progress(0, 1, "looking through the folder")
    subsets = _subsets(job)
    found, rule = candidates(job.folder, job.limit)
    wanted = [c for c in found if _in(c, subsets, job.subset)]
    if not wanted:
        raise DataError(f"{job.folder} has no images of the subset {job.subset} to rank.")
    yield Progress(0, len(wanted), "loading the model")
    ready = predictor(job.model, job.device)
    without = sum(c.case is None for c in wanted)
    yield Note(f"{len(wanted)} images, {without} without a reference, {ready.speed.words()}")
    judged: list[Judged] = []
    failed: dict[str, str] = {}
    start = time.monotonic()
    images = ahead(partial(_read, rule=rule, channels=ready.card.image_channels), wanted)
    for number, (candidate, image) in enumerate(zip(wanted, images, strict=True), start=1):
        left = (time.monotonic() - start) / number * (len(wanted) - number)
        telling = Progress(number - 1, len(wanted), "looking at images", left)
        try:
            if isinstance(image, Exception):
                raise image
            work = partial(_judge, candidate, *image, ready)
            with closing(aside(work, lambda told=telling: told)) as waiting:  # type: ignore[misc]
                one = yield from waiting
        except (UnetError, MemoryError, OSError) as error:
            failed[candidate.name] = str(readable(error))
        else:
            judged.append(one)
            yield _told(one, Calibration([], []), subsets)
        yield replace(telling, done=number)
    if not judged:
        raise DataError(f"No image could be segmented. The first: {next(iter(failed.values()))}")
    calibration = _calibrated(judged, subsets)
    yield Ranked(
        model=job.model,
        cases=order([_told(one, calibration, subsets) for one in judged], subsets),
        calibrated=_how(calibration),
        failed=failed,
        seconds=time.monotonic() - begun,
    )


def order(cases: Iterable[RankedCase], subsets: dict[str, str]) -> tuple[RankedCase, ...]:
    """Order cases by their gain, patients mixed; last those that nothing is learned from.

    Each further case of a patient counts half as much as the one before, so that ten slices of one
    tumour do not come in a row. Cases that were corrected, and those that judge the model, follow
    in the same order.
    """
    groups: dict[int, list[RankedCase]] = defaultdict(list)
    for case in cases:
        judges = subsets.get(case.name) in ("val", "test")
        groups[2 if case.corrected else int(judges)].append(case)
    return tuple(case for _, group in sorted(groups.items()) for case in _mixed(group))


def _mixed(cases: Sequence[RankedCase]) -> list[RankedCase]:
    """Take the case with the most gain, again and again, the patient's others then losing some."""
    queues: dict[str, list[RankedCase]] = defaultdict(list)
    for case in sorted(cases, key=lambda c: (c.gain, c.uncertainty)):
        queues[case.patient or case.name].append(case)  # the best is the last
    heap = [(-q[-1].gain, -q[-1].uncertainty, who) for who, q in queues.items()]
    heapify(heap)
    taken: list[RankedCase] = []
    weight: dict[str, float] = defaultdict(lambda: 1.0)
    while heap:
        *_, who = heappop(heap)
        queue = queues[who]
        taken.append(queue.pop())
        weight[who] *= AGAIN
        if queue:
            heappush(heap, (-weight[who] * queue[-1].gain, -queue[-1].uncertainty, who))
    return taken


# --- one image ------------------------------------------------------------------------------------


def _read(
    candidate: Candidate, rule: LabelRule, channels: int
) -> tuple[NDArray[Any], str, NDArray[Any] | None]:
    """Return an image, its axes, and its reference if it has one."""
    if candidate.case is None:
        scan = read_image(candidate.image)
        return load(scan.array), scan.axes, None
    image, reference = read_case(candidate.case, rule, channels)
    return image, axes_of(image, reference), reference


def _judge(
    candidate: Candidate,
    image: NDArray[Any],
    axes: str,
    reference: NDArray[Any] | None,
    ready: Predictor,
) -> Judged:
    """Segment an image, its mirror images too, and look at the answer."""
    spatial = image.shape[: len(axes.removesuffix("c"))]
    kept = Kept(spatial, ready.card.network.out_channels, uncertain=True)
    for piece in ready.pieces(image, axes, SegmentConfig(uncertainty=True)):
        kept.add(piece)
    assert kept.uncertainty is not None
    threshold = ready.card.threshold
    true = float("nan")
    if reference is not None:
        labels = label_image(kept.probabilities, threshold)
        counts = count(labels, reference, len(ready.card.classes), IGNORE)
        true = float(mean_present(dice(counts), counts))
    return Judged(candidate, estimate(kept.probabilities, kept.uncertainty, threshold), true)


# --- words ----------------------------------------------------------------------------------------


def _told(one: Judged, calibration: Calibration, subsets: dict[str, str]) -> RankedCase:
    candidate, found = one.candidate, one.estimate
    gain = 1 - calibration(found.dice)
    # Only a model whose word was checked can be sure.
    if doubtful := calibration.known > 0 and 1 - gain >= SURE and one.dice < WRONG:
        gain = 1 - one.dice
    return RankedCase(
        name=candidate.name,
        patient=candidate.patient,
        uncertainty=found.uncertainty,
        gain=gain,
        why=_why(one, calibration(found.dice), doubtful, subsets.get(candidate.name, "")),
        reference=candidate.case is not None,
        corrected=candidate.case is not None and candidate.case.correction is not None,
    )


def _why(one: Judged, likely: float, doubtful: bool, subset: str) -> str:
    """Say in words why a case stands where it does."""
    found, parts = one.estimate, []
    if doubtful:
        parts.append(
            f"The model is sure, but its reference differs (Dice {one.dice:.2f}): one is wrong"
        )
    elif found.empty and found.peak < FAINT:
        parts.append("Nothing is found, and the model is sure of that")
    elif found.empty:
        parts.append(f"Nothing is found, though one spot reaches {found.peak:.0%}")
    else:
        parts.append(f"Expected Dice {likely:.2f}")
        if found.entropy >= UNSURE:
            parts.append("unsure of the outline" if likely >= 0.5 else "unsure of what it marks")
        if found.disagreement >= UNSURE:
            parts.append("mirror images give other answers")
    if subset in ("val", "test"):
        parts.append(f"a {'test' if subset == 'test' else 'validation'} case, never trained on")
    return "; ".join(parts) + "."


def _how(calibration: Calibration) -> str:
    if not calibration.known:
        return (
            "Gains are those that the model's own probabilities promise: too few cases with a "
            "reference that it was not trained on to check them by. Their order still tells."
        )
    return (
        f"Gains are calibrated on {calibration.known} cases with a reference that the model was "
        "not trained on."
    )


# --- who takes part -------------------------------------------------------------------------------


def _subsets(job: RankJob) -> dict[str, str]:
    """Return the subset of each case, by the split beside the model; empty if there is none.

    Raises
    ------
    DataError
        If there is none and a subset is asked for.
    """
    file = split_path(job.model)
    if file.is_file():
        return dict(load_split(file).subsets)
    if job.subset != "all":
        raise DataError(
            f"There is no {file.name} beside {Path(job.model).name}, so its {job.subset} cases are "
            "unknown. Rank all of them instead."
        )
    return {}


def _in(candidate: Candidate, subsets: dict[str, str], wanted: str) -> bool:
    """Say whether a candidate belongs to a subset; what has no reference would join training."""
    own = subsets.get(candidate.name)
    if candidate.case is None or own is None:
        return wanted in ("all", "train")
    return wanted in ("all", own)


def _calibrated(judged: Sequence[Judged], subsets: dict[str, str]) -> Calibration:
    """Compare estimates with the truth where the model cannot have learned it by heart."""
    known = [
        (one.estimate.dice, one.dice)
        for one in judged
        if one.dice == one.dice and subsets.get(one.candidate.name) in ("val", "test")
    ]
    return Calibration([e for e, _ in known], [t for _, t in known])
