"""Opens models that residuum wrote in real Keras, trains them on, and writes them back.

usage: keras_exchange.py FOLDER, where FOLDER/jobs.json lists names; for each NAME there are NAME.keras,
sometimes NAME.h5 and NAME.weights.h5 with NAME.json, and NAME.data.safetensors with inputs x0, x1, … and
targets y0, y1, …. Leaves NAME.theirs.keras and its like, and figures in results.json and NAME.results.safetensors.
"""

import io
import json
import os
import sys
import warnings
import zipfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import h5py
import keras
import numpy as np
from safetensors.numpy import load_file, save_file

STEPS = 5


def listing(file):
    """Every group and array of a weight file with its shape and name attribute."""
    entries = []
    with h5py.File(file) as f:
        name = lambda o: str(o.attrs["name"]) if "name" in o.attrs else None
        visit = lambda path, o: entries.append([path, list(getattr(o, "shape", [])), name(o)])
        f.visititems(visit)
    return sorted(entries, key=lambda entry: entry[0])


def listing_of_archive(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return listing(io.BytesIO(archive.read("model.weights.h5")))


def unwrap(items):
    return items[0] if len(items) == 1 else items


def numbered(data, letter):
    return [data[f"{letter}{i}"] for i in range(sum(key[0] == letter for key in data))]


def predictions(model, x):
    outputs = model(unwrap(x), training=False)
    return [np.array(o) for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def losses(model, x, y):
    figures = []
    for _ in range(STEPS):
        model.reset_metrics()
        figures.append(float(model.train_on_batch(unwrap(x), unwrap(y), return_dict=True)["loss"]))
    return figures


def exchange(folder, job):
    name = job["name"]
    data = load_file(folder / f"{name}.data.safetensors")
    x, y = numbered(data, "x"), numbered(data, "y")
    result = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        model = keras.saving.load_model(folder / f"{name}.keras")
    arrays = {f"before{i}": o for i, o in enumerate(predictions(model, x))}
    result["ours"] = listing_of_archive(folder / f"{name}.keras")
    legacy = folder / f"{name}.h5"
    if legacy.exists():
        # Keras 3.15 itself cannot train on after loading such a file: it builds the optimizer for no weights.
        old = keras.saving.load_model(legacy, compile=False)
        arrays |= {f"legacy{i}": o for i, o in enumerate(predictions(old, x))}
        result["oursLegacy"] = listing(legacy)
        # Saving this format takes the optimizer out of the model's compile config: another model does it.
        keras.saving.load_model(folder / f"{name}.keras").save(folder / f"{name}.again.h5")
        result["theirsLegacy"] = listing(folder / f"{name}.again.h5")
    weights = folder / f"{name}.weights.h5"
    if weights.exists():
        other = keras.models.clone_model(model)
        other.load_weights(weights)
        arrays |= {f"weights{i}": o for i, o in enumerate(predictions(other, x))}
        json_file = folder / f"{name}.json"
        keras.models.model_from_json(json_file.read_text()).load_weights(weights)
    if model.compiled:
        model.run_eagerly = True
        result["iterations"] = int(model.optimizer._iterations.numpy())
        result["losses"] = losses(model, x, y)
    model.save(folder / f"{name}.theirs.keras")
    result["theirs"] = listing_of_archive(folder / f"{name}.theirs.keras")
    if legacy.exists():
        model.save(folder / f"{name}.theirs.h5")
    model.save_weights(folder / f"{name}.theirs.weights.h5")
    arrays |= {f"after{i}": o for i, o in enumerate(predictions(model, x))}
    if model.compiled:
        result["further"] = losses(model, x, y)
    save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / f"{name}.results.safetensors")
    return result


def main(folder):
    jobs = json.loads((folder / "jobs.json").read_text())
    results = {}
    for job in jobs:
        try:
            results[job["name"]] = exchange(folder, job)
        except Exception as error:
            results[job["name"]] = {"error": f"{type(error).__name__}: {error}"}
        keras.backend.clear_session()
    (folder / "results.json").write_text(json.dumps(results))


main(Path(sys.argv[1]))
