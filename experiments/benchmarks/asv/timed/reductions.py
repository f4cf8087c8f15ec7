"""Seconds from a circuit to its rate model."""

import os

os.environ["B2REDUCE_THREADS"] = "1"


class Reductions:
    """`reduce` of the default circuit: the operating point, the gains and their errors."""

    params = ("linear", "transfer")
    param_names = ("level",)
    number, warmup_time = 1, 0.0

    def setup(self, level):
        import b2reduce as b2r

        self.reduce = lambda: b2r.reduce("ei_lif", level=level, seed=1)
        self.reduce()  # compiled and loaded

    def time_reduce(self, level):
        self.reduce()
