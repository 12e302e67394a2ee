"""One process for each framework: TensorFlow and PyTorch both bring an LLVM, and one process may not."""

import importlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor


def call(module, function, arguments):
    return getattr(importlib.import_module(module), function)(*arguments)


class Framework:
    """Calls functions of the module `<name>_run` in a process of its own."""

    def __init__(self, name):
        self.module = f"{name}_run"
        self.pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    def __getattr__(self, function):
        return lambda *arguments: self.pool.submit(call, self.module, function, arguments).result()
