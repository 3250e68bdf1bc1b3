"""Files that mean harm: refused in one sentence, never executed, in little memory and time."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import hostile
from napari_unet.card import ModelCard, checksum, read_card, read_picture
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.data.cases import LabelRule
from napari_unet.errors import ModelError
from napari_unet.library import entries, search
from napari_unet.runs import list_runs, read_run
from napari_unet.runs import table as runs_table
from napari_unet.session.training import epochs_of
from napari_unet.unet import file as module
from napari_unet.unet.file import load_model, save_model
from napari_unet.unet.summary import describe_model
from napari_unet.workspace import models_dir
from nets import random_net

CONFIG = UNetConfig(depth=1, base_channels=4, norm="batch", residual=True)
MOST = 150 << 20  # bytes that reading any of them may take besides what reading a good one takes
SLOW = ("a_header_full_of_objects", "a_header_full_of_tensors")  # once is enough
LONGEST = 30  # seconds, on a machine that has other things to do

# In a process of its own, so that its memory is known, and whatever hangs or dies is found out.
CHILD = """
import json, sys, time
try:
    import resource
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024)
except ImportError:  # Windows
    import psutil
    peak = lambda: psutil.Process().memory_info().peak_wset
from napari_unet.errors import ModelError
from napari_unet.unet.file import load_model
load_model(sys.argv[1])
found, before = {}, peak()
for path in sys.argv[2:]:
    start = time.process_time()
    try:
        load_model(path)
        said = ""
    except ModelError as e:
        said = str(e)
    found[path] = said, time.process_time() - start, peak() - before
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "m.unet.safetensors"
    card = ModelCard("m", CONFIG, PreprocessConfig(), LabelRule())
    save_model(path, random_net(CONFIG), card)
    return path


def test_hostile_files_are_refused_and_none_is_executed(good, tmp_path):
    paths = hostile.write(tmp_path, good.read_bytes(), hostile.REFUSED)
    command = [sys.executable, "-c", CHILD, good, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for path in map(Path, found):
        said, seconds, memory = found[str(path)]
        name = path.name.partition(".")[0]
        assert said, f"{name} was taken for a model"
        assert "\n" not in said and len(said) < 1000, f"{name}: {said}"
        assert said.isprintable(), f"{name}: {said!r}"
        assert memory < MOST, f"{name}: {memory >> 20} MB"
        assert seconds < LONGEST, f"{name}: {seconds:.1f} s"
    assert not (tmp_path / "executed").exists()


def test_the_corpus_would_be_executed_by_others(good, tmp_path):
    path = hostile.write(tmp_path, good.read_bytes(), {"a": hostile.a_torch_archive})[0]
    with path.open("rb") as file:
        torch.load(file, weights_only=False)
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", [n for n in hostile.REFUSED if n not in SLOW])
def test_headers_alone_are_read_without_harm(good, tmp_path, name):
    path = hostile.write(tmp_path, good.read_bytes(), {name: hostile.REFUSED[name]})[0]
    for reader in (read_card, read_picture, checksum):
        try:
            found = reader(path)
        except ModelError as e:
            assert str(e).isprintable()
        else:
            assert found is None or isinstance(found, str | ModelCard)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", hostile.READ)
def test_what_a_file_says_is_made_harmless(good, tmp_path, name):
    path = hostile.write(tmp_path, good.read_bytes(), {name: hostile.READ[name]})[0]
    model, card = load_model(path)
    assert model(torch.zeros(1, 1, 8, 8)).isfinite().all()
    shown = [describe_model(card), json.dumps(card.dumps()), *card.classes, *map(str, card.about)]
    for text in shown:
        assert not any((ord(c) < 32 and c != "\n") or 0xD800 <= ord(c) < 0xE000 for c in text)
        assert "\u202e" not in text
    assert card.name and not {"/", "\\", "\n"} & set(card.name) and not card.name.startswith(".")
    assert max(map(len, (card.name, *card.classes))) <= 200
    assert read_picture(path) is None
    assert checksum(path) == checksum(good)
    run = read_run(path)
    assert epochs_of(card) == run.history == ()
    assert all(line.isprintable() for line in runs_table([run]).splitlines())


def test_a_folder_of_them_is_listed(good):
    table = {k: v for k, v in {**hostile.REFUSED, **hostile.READ}.items() if k not in SLOW}
    hostile.write(models_dir(), good.read_bytes(), table)
    found = {entry.name: entry for entry in entries() if not entry.boxed}
    assert found.keys() == table.keys()
    assert all(entry.card or entry.error.isprintable() for entry in found.values())
    assert all(found[name].card for name in hostile.READ)
    assert len(list_runs(models_dir())) == sum(entry.card is not None for entry in found.values())
    assert search("passwd")
    assert not (models_dir() / "executed").exists()


def test_the_memory_decides_what_can_be_loaded(good, monkeypatch):
    monkeypatch.setattr(module, "free_ram", lambda: 1000)
    with pytest.raises(ModelError, match=r"needs .* of memory, but"):
        load_model(good)


def test_a_file_that_is_shortened_while_it_is_read_is_told(tmp_path, monkeypatch):
    config = UNetConfig(depth=2, base_channels=16)
    path = tmp_path / "m.unet.safetensors"
    save_model(path, random_net(config), ModelCard("m", config, PreprocessConfig(), LabelRule()))

    def shorten(*_):
        with path.open("rb+") as file:
            file.truncate(path.stat().st_size - 100_000)

    monkeypatch.setattr(module, "_check_room", shorten)
    with pytest.raises(ModelError, match="changed while it was read"):
        load_model(path)


@pytest.mark.parametrize("seed", range(6))
def test_random_damage_is_refused_or_does_no_harm(good, tmp_path, seed):
    rng, data, path = random.Random(seed), good.read_bytes(), tmp_path / "m.unet.safetensors"
    length = int.from_bytes(data[:8], "little") + 8
    refused = 0
    for _ in range(40):
        bad = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            bad[rng.randrange(rng.choice((9, length, len(bad))))] = rng.randrange(256)
        if rng.random() < 0.25:
            bad = bad[: rng.randrange(len(bad))]
        path.write_bytes(bad)
        try:
            model, _ = load_model(path)
        except ModelError as e:
            assert str(e).isprintable()
            refused += 1
        else:
            assert all(w.isfinite().all() for w in model.state_dict().values())
    assert refused > 20
