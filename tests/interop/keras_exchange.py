"""Opens models that residuum wrote in real Keras, trains them on, and writes them back.

Answers requests, one JSON object a line: {"folder": …, "name": NAME, "trains": whether it is trained on,
"exact": whether float64 is computed too}.
In the folder lie NAME.keras, NAME.weights.h5, NAME.json and NAME.keras2.json (the config as Keras 2 wrote it),
sometimes NAME.h5, and NAME.data.safetensors with inputs x0, x1, … and targets y0, y1, …. Leaves
NAME.theirs.keras and its like, and outputs in NAME.results.safetensors.
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
# With oneDNN, TensorFlow 2.21 computes some small convolutions wrongly, and differently each time.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import h5py
import keras
import numpy as np
from keras.src.legacy.saving import saving_utils  # what load_model reads older .h5 files with
from safetensors.numpy import load_file, save_file

STEPS = 5
LISTS = ("layer_names", "weight_names")


def texts(values):
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]


def listing(file):
    """Every group and array of a weight file with its shape, name attribute and lists of names."""
    entries = []
    with h5py.File(file) as f:
        def visit(path, o):
            name = str(o.attrs["name"]) if "name" in o.attrs else None
            lists = {key: texts(o.attrs[key]) for key in o.attrs if key.startswith(LISTS)}
            entries.append([path, list(getattr(o, "shape", [])), name, lists])
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


def exact_model(model):
    """The same model in float64, where it stands in its training."""
    other = keras.models.model_from_json(model.to_json().replace('"float32"', '"float64"'))
    other.set_weights([w.astype("f8") for w in model.get_weights()])
    config = json.dumps(model.get_compile_config()).replace('"float32"', '"float64"')
    other.compile_from_config(json.loads(config))
    for ours, theirs in zip(other.optimizer.variables, model.optimizer.variables, strict=True):
        ours.assign(theirs.numpy())
    other.run_eagerly = True
    return other


def in_float64(work, model, *arrays):
    keras.config.set_floatx("float64")
    try:
        return work(exact_model(model), *[[one.astype("f8") for one in list] for list in arrays])
    finally:
        keras.config.set_floatx("float32")


def exact_predictions(model, x):
    outputs = in_float64(predictions, model, x)
    assert all(o.dtype == np.float64 for o in outputs)
    return [o.astype("f4") for o in outputs]


def steps(model, x, y):
    figures = []
    for _ in range(STEPS):
        model.reset_metrics()
        figures.append(float(model.train_on_batch(unwrap(x), unwrap(y), return_dict=True)["loss"]))
    return figures


def losses(model, x, y, trains, wants_exact):
    return {
        "float64": in_float64(steps, model, x, y) if wants_exact else [],
        "float32": steps(model, x, y) if trains else [],
    }


def exchange(folder, name, trains, wants_exact):
    data = load_file(folder / f"{name}.data.safetensors")
    x, y = numbered(data, "x"), numbered(data, "y")
    result, arrays = {}, {}

    def keep(title, outputs):
        arrays.update({f"{title}{i}": o for i, o in enumerate(outputs)})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        model = keras.saving.load_model(folder / f"{name}.keras")
    keep("before", predictions(model, x))
    if wants_exact:
        keep("exactBefore", exact_predictions(model, x))
    result["ours"] = listing_of_archive(folder / f"{name}.keras")
    legacy = folder / f"{name}.h5"
    if legacy.exists():
        # Keras 3.15 itself cannot train on after loading such a file: it builds the optimizer for no weights.
        keep("legacy", predictions(keras.saving.load_model(legacy, compile=False), x))
        result["oursLegacy"] = listing(legacy)
        # Saving this format takes the optimizer out of the model's compile config: another model does it.
        keras.saving.load_model(folder / f"{name}.keras").save(folder / f"{name}.again.h5")
        result["theirsLegacy"] = listing(folder / f"{name}.again.h5")
    older = json.loads((folder / f"{name}.keras2.json").read_text())
    for title, other in (
        ("weights", keras.models.model_from_json((folder / f"{name}.json").read_text())),
        ("old", saving_utils.model_from_config(older)),
    ):
        other.load_weights(folder / f"{name}.weights.h5")
        keep(title, predictions(other, x))
    model.run_eagerly = True
    result["iterations"] = int(model.optimizer._iterations.numpy())
    result["losses"] = losses(model, x, y, trains, wants_exact)
    model.save(folder / f"{name}.theirs.keras")
    result["theirs"] = listing_of_archive(folder / f"{name}.theirs.keras")
    if legacy.exists():
        model.save(folder / f"{name}.theirs.h5")
    model.save_weights(folder / f"{name}.theirs.weights.h5")
    keep("after", predictions(model, x))
    if wants_exact:
        keep("exactAfter", exact_predictions(model, x))
    result["further"] = losses(model, x, y, trains, wants_exact)
    save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / f"{name}.results.safetensors")
    return result


answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = exchange(Path(request["folder"]), request["name"], request["trains"], request["exact"])
    except Exception as error:  # told to the test, which fails
        answer = {"failure": f"{request['name']}: {type(error).__name__}: {error}"[:600]}
    keras.backend.clear_session()
    print(json.dumps(answer), file=answers, flush=True)
