"""Prints, as JSON, what Keras's losses give in float64, and what weights of samples and classes do in fit."""

import json

import keras
import numpy as np
import tensorflow as tf

keras.backend.set_floatx("float64")
random = np.random.default_rng(7)

LOSSES = [
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "probabilities"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2, "from_logits": True}, "logits"),
    ("CategoricalFocalCrossentropy", {}, "probabilities"),
    ("CategoricalFocalCrossentropy", {"gamma": 1.5, "alpha": 0.7, "label_smoothing": 0.1}, "probabilities"),
    ("CategoricalFocalCrossentropy", {"gamma": 0.0, "from_logits": True}, "logits"),
    ("BinaryCrossentropy", {}, "binary"),
    ("BinaryCrossentropy", {"label_smoothing": 0.3}, "binary"),
    ("BinaryCrossentropy", {"from_logits": True}, "binary logits"),
    ("BinaryFocalCrossentropy", {}, "binary"),
    ("BinaryFocalCrossentropy", {"gamma": 3.0, "apply_class_balancing": True, "alpha": 0.3}, "binary"),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "binary logits"),
    ("MeanSquaredError", {}, "values"),
    ("MeanAbsoluteError", {}, "values"),
    ("Huber", {}, "values"),
    ("Huber", {"delta": 0.4}, "values"),
    ("Hinge", {}, "signs"),
    ("Hinge", {}, "binary logits"),
    ("SquaredHinge", {}, "signs"),
]
ROWS, CLASSES = 5, 4


def data(kind):
    logits = random.normal(size=(ROWS, CLASSES))
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = np.eye(CLASSES)[random.integers(CLASSES, size=ROWS)]
    bits = random.integers(2, size=(ROWS, CLASSES)).astype(float)
    return {
        "probabilities": (softmax, classes),
        "logits": (2 * logits, classes),
        "binary": (1 / (1 + np.exp(-logits)), bits),
        "binary logits": (2 * logits, bits),
        "values": (logits, random.normal(size=(ROWS, CLASSES))),
        "signs": (logits, 2 * bits - 1),
    }[kind]


def loss_case(name, options, kind):
    # The data goes through float32, which is what our side takes.
    predictions, targets = (np.float32(array).astype(np.float64) for array in data(kind))
    weights = np.float32(random.uniform(0, 2, size=ROWS)).astype(np.float64)
    loss = getattr(keras.losses, name)(dtype="float64", **options)
    result = {"name": name, "options": options, "rows": ROWS, "classes": CLASSES}
    for key, sample_weight in (("plain", None), ("weighted", weights)):
        variable = tf.Variable(predictions)
        with tf.GradientTape() as tape:
            value = loss(targets, variable, sample_weight=sample_weight)
        gradient = tape.gradient(value, variable)
        result[key] = {"loss": float(value), "gradient": gradient.numpy().ravel().tolist()}
    arrays = {"predictions": predictions, "targets": targets, "weights": weights}
    return result | {key: value.ravel().tolist() for key, value in arrays.items()}


def fit_case(kind):
    samples = 10
    x = np.float32(random.normal(size=(samples, 3)))
    labels = random.integers(CLASSES, size=samples)
    kernel = np.float32(random.normal(size=(3, CLASSES)))
    sparse = kind == "class"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(CLASSES, activation="softmax")])
    model.layers[0].set_weights([kernel, np.zeros(CLASSES)])
    loss = "sparse_categorical_crossentropy" if sparse else "categorical_crossentropy"
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss=loss)
    y = labels if sparse else np.eye(CLASSES)[labels]
    sample_weight = np.float32(random.uniform(0, 3, size=samples))
    class_weight = {0: 0.5, 1: 2.0, 3: 4.0}
    weights = {"class_weight": class_weight} if sparse else {"sample_weight": sample_weight}
    split = {"validation_split": 0.3} if kind == "sample and split" else {}
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, **weights, **split)
    evaluated = model.evaluate(x, y, batch_size=4, verbose=0, sample_weight=sample_weight)
    return {
        "kind": kind,
        "x": x.ravel().tolist(),
        "labels": labels.tolist(),
        "kernel": kernel.ravel().tolist(),
        "sampleWeight": sample_weight.tolist(),
        "classWeight": class_weight,
        "history": history.history,
        "evaluated": float(evaluated),
        "after": model.layers[0].get_weights()[0].ravel().tolist(),
    }


result = {
    "losses": [loss_case(*case) for case in LOSSES],
    "fits": [fit_case(kind) for kind in ("class", "sample", "sample and split")],
}
print(json.dumps(result, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"').replace('{"kind"', '\n{"kind"'))
