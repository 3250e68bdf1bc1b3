"""The training settings: a view of one `TrainJob`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from napari_unet.config import Recipe, SplitConfig
from napari_unet.errors import ConfigError
from napari_unet.jobs import TrainJob
from napari_unet.presets import DESCRIPTIONS, PRESETS, TITLES, preset, split_of
from napari_unet.widgets.parts.fields import (
    ChoiceField,
    Field,
    FloatField,
    IntField,
    TextField,
    plain,
)
from napari_unet.widgets.parts.fold import Fold
from napari_unet.widgets.parts.form import Form, add_row, narrow
from napari_unet.widgets.parts.picker import Choice
from napari_unet.widgets.parts.qt import Signal
from napari_unet.widgets.parts.text import Text

NOTHING = (("", "nothing"),)
MINUTES, EPOCHS = "minutes", "epochs"
SPLITS = ("80:10:10", "70:30", "70:15:15", "60:20:20")


class BudgetField(Field):
    """How long to train: a (minutes, epochs) pair of which one is zero."""

    def __init__(self) -> None:
        box = QWidget()
        super().__init__(box)
        self.minutes, self.epochs = FloatField(0.05, 100_000), IntField(1, 100_000)
        self.unit = ChoiceField((MINUTES, EPOCHS))
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self.minutes, self.epochs, self.unit):
            row.addWidget(part, 0 if part is self.unit else 1)
            part.value_changed.connect(self._edited)
        for spin in (self.minutes.spin, self.epochs.spin):
            plain(spin)
        self.unit.editor.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFocusProxy(self.minutes)
        self.minutes.set_value(10.0)
        self.epochs.set_value(40)
        self.set_value((10.0, 0))

    def _show(self, value: tuple[float, int]) -> None:
        minutes, epochs = value
        if minutes > 0:
            self.minutes.set_value(minutes)
        elif epochs > 0:
            self.epochs.set_value(epochs)
        self.unit.set_value(MINUTES if minutes > 0 else EPOCHS)
        self._switch()

    def _read(self) -> tuple[float, int]:
        self._switch()
        by_time = self.unit.value() == MINUTES
        return (self.minutes.value(), 0) if by_time else (0.0, self.epochs.value())

    def _switch(self) -> None:
        by_time = self.unit.value() == MINUTES
        self.minutes.setVisible(by_time)
        self.epochs.setVisible(not by_time)


class SplitField(Field):
    """Shares for training, validation and test, written as "80:10:10"."""

    def __init__(self) -> None:
        self.combo = QComboBox()
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.setMinimumContentsLength(6)
        self.combo.addItems(SPLITS)
        super().__init__(self.combo)
        self.combo.editTextChanged.connect(lambda _: self._edited())
        self.problem = ""

    def _show(self, value: SplitConfig) -> None:
        # "70:30" and the like are kept in the way people write them.
        same = (text for text in SPLITS if _shared(SplitConfig.parse(text), value) == value)
        plain = f"{value.train:g}:{value.val:g}:{value.test:g}"
        self.combo.setEditText(next(same, plain))
        self.problem = ""

    def _read(self) -> SplitConfig:
        value: SplitConfig = self._value
        try:
            value = _shared(SplitConfig.parse(self.combo.currentText()), value)
            self.problem = ""
        except ConfigError as error:
            self.problem = str(error)
        return value


def _shared(shares: SplitConfig, value: SplitConfig) -> SplitConfig:
    """Return a split with other shares; everything else about it stays."""
    return replace(value, train=shares.train, val=shares.val, test=shares.test)


class JobForm(QWidget):
    """Everything a person chooses before training; folder and model path are kept as given."""

    value_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = TrainJob("", "", minutes=10.0)
        self._contradiction = ""
        self.preset = ChoiceField(tuple(PRESETS), TITLES)
        self.about = Text()
        self.budget = BudgetField()
        self.split = SplitField()
        self.start = Choice()
        self.start.set_items(NOTHING)
        self.seed = IntField(0, None)
        self.limit = IntField(0, None)
        self.limit.spin.setSpecialValueText("all")
        self.device = TextField()
        self.sections: dict[str, Form[Any]] = {
            "network": Form(Recipe().network, ("in_channels", "out_channels")),
            "preprocess": Form(Recipe().preprocess, ("mean", "std")),
            "augment": Form(Recipe().augment),
            "optim": Form(Recipe().optim, ("epochs", "minutes", "seed", "device")),
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.rows = narrow(QFormLayout())  # open for more
        self.advanced = self._advanced()
        self._lay_out(layout)
        self._show()
        for field in (self.preset, self.budget, self.split, self.seed, self.limit, self.device):
            field.value_changed.connect(self._edited)
        for form in self.sections.values():
            form.value_changed.connect(self._edited)
        self.start.chosen.connect(lambda _: self._edited())

    def set_models(self, models: Sequence[tuple[str, str]]) -> None:
        """Offer models, as (path, name), to start from; one that is gone is chosen no longer."""
        self.start.set_items([*NOTHING, *models], self._value.start)
        if self._value.start and self.start.key() != self._value.start:
            self.start.set_key("")
            self._edited()

    def value(self) -> TrainJob:
        """Return the job."""
        return self._value

    def set_value(self, job: TrainJob) -> None:
        """Show a job."""
        if job == self._value and not self._contradiction:
            return
        self._value, self._contradiction = job, ""
        self._show()
        self.value_changed.emit()

    @property
    def problem(self) -> str:
        """What keeps the settings from being used, empty if nothing does."""
        return self.split.problem or self._contradiction

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self, layout: QVBoxLayout) -> None:
        rows = self.rows
        add_row(rows, "Pr&eset", self.preset, "A starting point for all settings below.")
        add_row(rows, "Train f&or", self.budget, "Minutes of training, or passes over the cases.")
        help = "Shares for training, choosing the best epoch, and the final test, as in 80:10:10."
        add_row(rows, "Spl&it", self.split, f"{help} Patients are never parted.")
        help = "Begin with a model's network and weights and train it on these cases. It is kept."
        add_row(rows, "Start from", self.start, help)
        layout.addLayout(rows)
        layout.addWidget(self.about)
        layout.addWidget(self.advanced)
        layout.addStretch(1)

    def _advanced(self) -> Fold:
        box = Fold("Advanced settings")
        rows = narrow(QFormLayout())
        add_row(rows, "Seed", self.seed, "Of the split and of training: the same gives the same.")
        add_row(rows, "Cases", self.limit, "Use only so many cases; 0 uses all.")
        add_row(rows, "Device", self.device, "auto, cpu, cuda, cuda:1, mps …")
        box.rows.addLayout(rows)
        titles = ("Network", "Images", "Augmentation", "Optimisation")
        for title, section in zip(titles, self.sections.values(), strict=True):
            inner = Fold(title)
            inner.rows.addWidget(section)
            box.rows.addWidget(inner)
        return box

    def _show(self) -> None:
        job = self._value
        values: dict[Field, Any] = {
            self.preset: job.preset,
            self.budget: (job.minutes, job.epochs),
            self.split: job.split,
            self.seed: job.seed,
            self.limit: job.limit,
            self.device: job.device,
        }
        for field, value in values.items():
            field.blockSignals(True)
            field.set_value(value)
            field.blockSignals(False)
        self.start.set_key(job.start)
        self._show_recipe(job.recipe or preset(job.preset))

    def _show_recipe(self, recipe: Recipe) -> None:
        for name, form in self.sections.items():
            form.blockSignals(True)
            form.set_value(getattr(recipe, name))
            form.blockSignals(False)
        changed = self._value.recipe is not None
        about = DESCRIPTIONS.get(self._value.preset, "")
        self.about.set_text(f"{about} (changed under Advanced settings)" if changed else about)

    def _edited(self) -> None:
        before = self._value
        minutes, epochs = self.budget.value()
        seed = self.seed.value()
        job = replace(
            before,
            preset=self.preset.value(),
            minutes=minutes,
            epochs=epochs,
            split=replace(self.split.value(), seed=seed),
            seed=seed,
            limit=self.limit.value(),
            start=self.start.key(),
            device=self.device.value().strip() or "auto",
        )
        chosen_anew = job.preset != before.preset
        start = preset(job.preset)
        parts = {name: form.value() for name, form in self.sections.items()}
        self._contradiction = ""
        try:
            recipe = start if chosen_anew else replace(before.recipe or start, **parts)
        except ConfigError as error:  # one section does not go with another
            self._contradiction = f"Under Advanced settings: {error}."
            self.value_changed.emit()
            return
        if chosen_anew:  # with the budget and the split that go with it
            job = _as_preset(job, before.preset)
        self._value = replace(job, recipe=None if recipe == start else recipe)
        self._show() if chosen_anew else self._show_recipe(recipe)
        self.value_changed.emit()


def _as_preset(job: TrainJob, before: str) -> TrainJob:
    """Take over a preset's budget and split, where a person has not changed those of the last."""
    if (job.minutes, job.epochs) == _budget(before):
        minutes, epochs = _budget(job.preset)
        job = replace(job, minutes=minutes, epochs=epochs)
    if job.split == _shared(SplitConfig.parse(split_of(before)), job.split):
        job = replace(job, split=_shared(SplitConfig.parse(split_of(job.preset)), job.split))
    return job


def _budget(name: str) -> tuple[float, int]:
    optim = preset(name).optim
    return (optim.minutes, 0) if optim.minutes > 0 else (0.0, optim.epochs)
