"""Prints, as JSON, what Keras's EarlyStopping and ReduceLROnPlateau do at given figures, epoch by epoch."""

import json
import random

import keras

PLATEAU = [
    {"patience": 2, "factor": 0.5},
    {"patience": 1, "factor": 0.1, "cooldown": 2, "min_lr": 0.001},
    {"patience": 3, "factor": 0.2, "min_delta": 0.05},
    {"patience": 0, "factor": 0.5, "mode": "max"},
]
STOPPING = [
    {},
    {"patience": 2},
    {"patience": 3, "min_delta": 0.05},
    {"patience": 2, "baseline": 0.6},
    {"patience": 2, "mode": "max"},
    {"patience": 1, "start_from_epoch": 4},
]
EPOCHS = 16


def figures(seed):
    draw = random.Random(seed)
    return [round(0.9 * 0.93**epoch + 0.2 * draw.random(), 4) for epoch in range(EPOCHS)]


def new_model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    return model


def run(callback, values, after_epoch):
    model = new_model()
    callback.set_model(model)
    callback.on_train_begin()
    seen = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"loss": value})
        seen.append(after_epoch(model))
        if model.stop_training:
            break
    return seen


def plateau(options, seed):
    values = figures(seed)
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", **options)
    rates = run(callback, values, lambda model: float(model.optimizer.learning_rate))
    return {"callback": "reduceLROnPlateau", "options": options, "figures": values, "rates": rates}


def stopping(options, seed):
    values = figures(seed)
    callback = keras.callbacks.EarlyStopping(monitor="loss", **options)
    epochs = len(run(callback, values, lambda model: None))
    result = {"epochs": epochs, "bestEpoch": callback.best_epoch, "stoppedEpoch": callback.stopped_epoch}
    return {"callback": "earlyStopping", "options": options, "figures": values, **result}


cases = [plateau(options, seed) for options in PLATEAU for seed in (1, 2)]
cases += [stopping(options, seed) for options in STOPPING for seed in (3, 4)]
print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
