"""Prints, as JSON, every layer of the residual networks of keras.applications."""

import json
import math

import keras

VARIANTS = ["ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"]
HEADS = [
    ("ResNet50", {"include_top": False, "input_shape": [64, 48, 3]}),
    ("ResNet50", {"include_top": False, "pooling": "avg", "input_shape": [64, 64, 1]}),
    ("ResNet50V2", {"include_top": False, "pooling": "max", "input_shape": [64, 64, 3]}),
    ("ResNet50V2", {"classes": 7, "classifier_activation": None, "input_shape": [40, 40, 3]}),
]


def describe(variant, **options):
    keras.backend.clear_session()
    model = getattr(keras.applications, variant)(weights=None, **options)
    return {
        "variant": variant,
        "options": options,
        "name": model.name,
        "parameters": model.count_params(),
        "trainable": sum(math.prod(w.shape) for w in model.trainable_weights),
        "layers": [
            {
                "name": layer.name,
                "className": type(layer).__name__,
                "output": list(layer.output.shape),
                "weights": [[w.name, list(w.shape)] for w in layer.weights],
            }
            for layer in model.layers
        ],
    }


cases = [(variant, {}) for variant in VARIANTS] + HEADS
print(json.dumps([describe(variant, **options) for variant, options in cases]))
