"""Runs network data in real Keras 3 on its TensorFlow CPU backend."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from run_result import STEPS, RunResult

SNAKE = {
    "kernelSize": "kernel_size", "dilationRate": "dilation_rate", "useBias": "use_bias",
    "poolSize": "pool_size", "kernelRegularizer": "kernel_regularizer",
    "learningRate": "learning_rate", "beta1": "beta_1", "beta2": "beta_2",
}  # fmt: skip
CAMEL = {"moving_mean": "movingMean", "moving_variance": "movingVariance"}
LOSSES = {
    "categoricalCrossentropy": keras.losses.CategoricalCrossentropy,
    "sparseCategoricalCrossentropy": keras.losses.SparseCategoricalCrossentropy,
    "meanSquaredError": keras.losses.MeanSquaredError,
}


def versions():
    return {"keras": keras.__version__, "tensorflow": tf.__version__}


def unwrap(items):
    return items[0] if len(items) == 1 else items


def make_layer(entry):
    config = {SNAKE.get(key, key): value for key, value in entry["config"].items()}
    if "kernel_regularizer" in config:
        config["kernel_regularizer"] = keras.regularizers.L1L2(**config["kernel_regularizer"])
    layer = getattr(keras.layers, entry["class"])(name=entry["name"], **config)
    layer.trainable = entry.get("trainable", True)
    return layer


def exact(value, dtype):
    """Keras casts a Python float through float32 even in a float64 model, but not a NumPy one."""
    return np.float64(value) if dtype == "float64" and type(value) is float else value


def build(description, dtype="float32"):
    """The compiled keras.Model of a network description, all of it in `dtype`."""
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    values = {i["name"]: keras.Input(i["shape"], name=i["name"]) for i in description["inputs"]}
    inputs = list(values.values())
    layers = {entry["name"]: make_layer(entry) for entry in description["layers"]}
    for call in description["calls"]:
        arguments = [values[name] for name in call["inputs"]]
        values[call["name"]] = layers[call["layer"]](unwrap(arguments))
    outputs = description["outputs"]
    model = keras.Model(
        inputs, unwrap([values[o["call"]] for o in outputs]), name=description["name"]
    )
    optimizer = {
        SNAKE.get(key, key): exact(value, dtype) for key, value in description["optimizer"].items()
    }
    losses = []
    for output in outputs:
        logits = {} if output["loss"] == "meanSquaredError" else {"from_logits": output["fromLogits"]}
        losses.append(LOSSES[output["loss"]](**logits))
    model.compile(
        optimizer=getattr(keras.optimizers, optimizer.pop("class"))(**optimizer),
        loss=unwrap(losses),
        loss_weights=unwrap([exact(o["lossWeight"], dtype) for o in outputs]),
        run_eagerly=True,
    )
    return model


def variables(model):
    """Every weight by `<layer>/<variable>`, in Keras's order."""
    return {
        f"{layer.name}/{CAMEL.get(v.name, v.name)}": v for layer in model.layers for v in layer.weights
    }


def weight_shapes(description):
    return {name: tuple(v.shape) for name, v in variables(build(description)).items()}


def output_shapes(description):
    return [tuple(output.shape) for output in build(description).outputs]


def summary(description):
    """What Keras's summary says: the layers with output shapes and parameters, and the counts."""
    model = build(description)
    total = model.count_params()
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    layers = [
        {
            "name": layer.name,
            "class": type(layer).__name__,
            "outputShape": list(layer.output.shape),
            "params": layer.count_params(),
        }
        for layer in model.layers
    ]
    counts = {"total": total, "trainable": trainable, "nonTrainable": total - trainable}
    return {"counts": counts, "layers": layers}


def run(description, weights, inputs, targets, dtype):
    model = build(description, dtype)
    named = variables(model)
    for name, variable in named.items():
        variable.assign(weights[name].astype(dtype))
    x = [tf.constant(inputs[i["name"]], dtype) for i in description["inputs"]]
    y = unwrap([tf.constant(targets[o["call"]], dtype) for o in description["outputs"]])
    names = [o["call"] for o in description["outputs"]]
    result = RunResult()

    predicted = model(x, training=False)
    result.inference_loss = float(model.compute_loss(x, y, predicted, training=False))
    result.store("inference", names, tf.nest.flatten(predicted))

    trainable = [v for v in named.values() if v.trainable]
    trainable_names = [name for name, v in named.items() if v.trainable]
    for step in range(STEPS):
        with tf.GradientTape() as tape:
            predicted = model(x, training=True)
            loss = model.compute_loss(x, y, predicted, training=True)
        gradients = tape.gradient(loss, [v.value for v in trainable])
        if step == 0:
            result.store("training", names, tf.nest.flatten(predicted))
            result.store("gradient", trainable_names, gradients)
        result.losses.append(float(loss))
        model.optimizer.apply(gradients, trainable)
    result.store("step3", named, [np.array(v.value) for v in named.values()])
    return result
