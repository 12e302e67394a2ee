"""Makes fixtures/optimizers.safetensors: what real Keras's optimizers do to a small network, in float64.

usage: python optimizers.py [--out fixtures]

One network and one batch, STEPS steps with every case. Metadata `fixture`: the network as in README.md (its
own optimizer means nothing) and "cases": {name: {"optimizer": our name, "options": ours, "losses": one a
step}}. Tensors: weight/…, input/…, target/… as in README.md; <case>/step8/<layer>/<variable>, every weight
after the last step; and <case>/average/<layer>/<variable> where averages of weights are kept.
"""

import argparse
import json
import re
from pathlib import Path

import keras
import keras_run
import numpy as np
import tensorflow as tf
from deterministic import uniform, weight
from network import Network
from safetensors.numpy import save_file

STEPS = 8
BATCH = 6
CLASSES = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop", "lion": "Lion", "lamb": "Lamb"}
NAMES = {
    "beta1": "beta_1", "beta2": "beta_2", "clipNorm": "clipnorm", "clipValue": "clipvalue",
    "globalClipNorm": "global_clipnorm",
}  # fmt: skip
MATRICES_ONLY = {"excludeFromWeightDecay": ["bias", "gamma", "beta"]}
CASES = {
    "adam": ("adam", {"learningRate": 0.01}),
    "adam-decay": ("adam", {"learningRate": 0.01, "weightDecay": 0.5}),
    "adamw": ("adamw", {"learningRate": 0.02}),
    "adamw-kernels": ("adamw", {"learningRate": 0.01, "weightDecay": 0.5, "beta2": 0.9, **MATRICES_ONLY}),
    "sgd-decay": ("sgd", {"learningRate": 0.5, "weightDecay": 0.25}),
    "sgd-nesterov-decay": (
        "sgd",
        {"learningRate": 0.05, "momentum": 0.9, "nesterov": True, "weightDecay": 0.25, **MATRICES_ONLY},
    ),
    "rmsprop": ("rmsprop", {"learningRate": 0.01}),
    "rmsprop-centered-momentum-decay": (
        "rmsprop",
        {"learningRate": 0.01, "rho": 0.8, "momentum": 0.5, "centered": True, "weightDecay": 0.5},
    ),
    "lion": ("lion", {"learningRate": 0.01}),
    "lion-decay": ("lion", {"learningRate": 0.01, "beta1": 0.8, "weightDecay": 0.5, **MATRICES_ONLY}),
    "lamb": ("lamb", {"learningRate": 0.02}),
    "lamb-decay": ("lamb", {"learningRate": 0.02, "weightDecay": 0.5, "epsilon": 1e-6, **MATRICES_ONLY}),
    "clip-norm": ("sgd", {"learningRate": 0.5, "clipNorm": 0.05}),
    "clip-value": ("sgd", {"learningRate": 0.5, "momentum": 0.5, "clipValue": 0.01}),
    "global-clip-norm": ("sgd", {"learningRate": 0.5, "globalClipNorm": 0.1}),
    "global-clip-norm-large": ("adam", {"learningRate": 0.01, "globalClipNorm": 100.0}),
    "accumulation": ("adamw", {"learningRate": 0.05, "gradientAccumulationSteps": 3}),
    "accumulation-clip-decay": (
        "sgd",
        {
            "learningRate": 0.5, "momentum": 0.9, "gradientAccumulationSteps": 2, "clipNorm": 0.05,
            "weightDecay": 0.1, **MATRICES_ONLY,
        },
    ),
    "average": ("sgd", {"learningRate": 0.3, "useEma": True, "emaMomentum": 0.8}),
    "average-overwrite": (
        "adam", {"learningRate": 0.02, "useEma": True, "emaMomentum": 0.5, "emaOverwriteFrequency": 3},
    ),
    "average-accumulation": (
        "adam", {"learningRate": 0.02, "useEma": True, "emaMomentum": 0.5, "gradientAccumulationSteps": 3},
    ),
    "average-accumulation-overwrite": (
        "rmsprop",
        {
            "learningRate": 0.02, "useEma": True, "emaMomentum": 0.5, "gradientAccumulationSteps": 2,
            "emaOverwriteFrequency": 2,
        },
    ),
}


def network():
    """Smooth, without weights whose gradient is zero: no kink and no noise hides an error."""
    net = Network("optimizers", BATCH)
    x = net.conv(net.input([6, 5, 2]), "conv", 4, 3, padding="same", useBias=False)
    x = net.activation(net.bn(x, "bn", momentum=0.9), "tanh", "tanh")
    x = net.add("GlobalAveragePooling2D", "pool", x)
    x = net.dense(x, "hidden", 5, "tanh")
    net.output(net.dense(x, "fc", 3, "softmax"), "categoricalCrossentropy")
    return net.describe()


def snake(option):
    return NAMES.get(option, re.sub("([A-Z])", lambda letter: f"_{letter[1].lower()}", option))


def make_optimizer(name, options):
    config = {snake(key): value for key, value in options.items()}
    excluded = config.pop("exclude_from_weight_decay", None)
    optimizer = getattr(keras.optimizers, CLASSES[name])(**config)
    for key, value in optimizer.get_config().items():
        if key != "learning_rate":
            setattr(optimizer, key, keras_run.exact(value, "float64"))
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=excluded)
    return optimizer


def run(description, weights, x, y, name, options):
    model = keras_run.build(description, "float64")
    model.optimizer = optimizer = make_optimizer(name, options)
    named = keras_run.variables(model)
    for key, variable in named.items():
        variable.assign(weights[key].astype(np.float64))
    trained = {key: v for key, v in named.items() if v.trainable}
    losses = []
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True), training=True)
        optimizer.apply(tape.gradient(loss, [v.value for v in trained.values()]), list(trained.values()))
        losses.append(float(loss))
    tensors = {f"step{STEPS}/{key}": np.array(v.value) for key, v in named.items()}
    if optimizer.use_ema:
        averages = optimizer._model_variables_moving_average
        tensors |= {f"average/{key}": np.array(v.value) for key, v in zip(trained, averages)}
    return losses, tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "fixtures")
    options = parser.parse_args()
    description = network()
    shapes = keras_run.weight_shapes(description)
    weights = {key: weight(f"optimizers/{key}", shape, key.split("/")[1]) for key, shape in shapes.items()}
    x = (2 * 3**0.5 * uniform("optimizers/input", (BATCH, *description["inputs"][0]["shape"]))).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[(np.arange(BATCH) * 7 + 3) % 3]
    tensors = {f"weight/{key}": value for key, value in weights.items()}
    tensors |= {"input/input": x, "target/fc": y}
    cases = {}
    for case, (name, case_options) in CASES.items():
        data = tf.constant(x, tf.float64), tf.constant(y, tf.float64)
        losses, results = run(description, weights, *data, name, case_options)
        tensors |= {f"{case}/{key}": value for key, value in results.items()}
        cases[case] = {"optimizer": name, "options": case_options, "losses": losses}
        print(f"{case}: {losses[0]:.4f} -> {losses[-1]:.4f}", flush=True)
    metadata = {**description, "versions": keras_run.versions(), "cases": cases}
    path = options.out / "optimizers.safetensors"
    save_file({key: np.ascontiguousarray(t) for key, t in tensors.items()}, path, {"fixture": json.dumps(metadata)})
    path.chmod(0o644)


main()
