"""One training step of the article's ResNet-50 in Keras 3 on TensorFlow's CPU backend.

Builds the network from tests/parity/resnet50.py. Prints one JSON object; images per second is the
median over the timed steps. On the CPU, `--jit-compile auto` is what Keras chooses by itself.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--jit-compile", choices=("auto", "true", "false"), default="auto")
    options = parser.parse_args()

    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "parity"))
    import keras_run
    from resnet50 import resnet50

    model = keras_run.build(resnet50().describe())
    assert model.count_params() == 23_601_930
    jit = {"auto": "auto", "true": True, "false": False}[options.jit_compile]
    model.compile("adam", "categorical_crossentropy", jit_compile=jit)
    rng = np.random.default_rng(0)
    images = rng.random((options.batch, 28, 28, 1), np.float32)
    labels = np.eye(10, dtype=np.float32)[np.arange(options.batch) % 10]

    for _ in range(options.warmup):
        model.train_on_batch(images, labels)
    rates = []
    for _ in range(options.steps):
        start = time.perf_counter()
        loss = model.train_on_batch(images, labels)
        rates.append(options.batch / (time.perf_counter() - start))
    result = {
        "peer": "keras",
        "imagesPerSecond": round(statistics.median(rates), 2),
        "slowest": round(min(rates), 2),
        "fastest": round(max(rates), 2),
        "steps": options.steps,
        "batch": options.batch,
        "threads": options.threads,
        "jitCompile": options.jit_compile,
        "meanLoss": float(np.ravel(loss)[0]),
        "versions": keras_run.versions(),
        "peakMemoryMB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
