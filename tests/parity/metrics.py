"""Prints, as JSON, metrics of Keras over a data set in batches."""

import json

import keras
import numpy as np

random = np.random.default_rng(11)
SAMPLES, CLASSES = 23, 4
CASES = [
    ("Precision", {}),
    ("Precision", {"thresholds": 0.3}),
    ("Precision", {"class_id": 2}),
    ("Precision", {"top_k": 2}),
    ("Precision", {"top_k": 2, "class_id": 1, "thresholds": 0.25}),
    ("Recall", {}),
    ("Recall", {"thresholds": 0.2, "class_id": 0}),
    ("Recall", {"top_k": 2}),
    ("F1Score", {"average": "macro"}),
    ("F1Score", {"average": "micro"}),
    ("F1Score", {"average": "weighted"}),
    ("F1Score", {"average": None}),
    ("F1Score", {"average": "macro", "threshold": 0.3}),
]

logits = 1.5 * random.normal(size=(SAMPLES, CLASSES))
# A class that nothing is of, in the labels.
labels = random.integers(CLASSES - 1, size=SAMPLES)
logits[np.arange(SAMPLES), labels] += 1
predictions = np.float32(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
targets = np.eye(CLASSES, dtype="float32")[labels]


def case(name, options):
    metric = getattr(keras.metrics, name)(**options)
    for start in range(0, SAMPLES, 8):
        metric.update_state(targets[start : start + 8], predictions[start : start + 8])
    return {"name": name, "options": options, "result": np.ravel(metric.result()).tolist()}


arrays = {"predictions": predictions.ravel().tolist(), "labels": labels.tolist()}
print(json.dumps({**arrays, "classes": CLASSES, "cases": [case(*one) for one in CASES]}))
