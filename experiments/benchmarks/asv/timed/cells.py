"""Seconds that the kernels of uncoupled cells take: f-I surfaces of three cells, as users ask for them."""

import os

import numpy as np

os.environ["B2REDUCE_THREADS"] = "1"  # before anything runs; several depend on what else the machine does


class Surfaces:
    """`measure_fi`, its check at half the step included; exact steps, rk4, and an adaptive cell."""

    params = ("lif", "shriki2003", "adex_brette2005")
    param_names = ("cell",)
    number, warmup_time = 1, 0.0

    def setup(self, cell):
        from brian2 import amp, meter, ms, nA

        import b2reduce as b2r

        model = b2r.load_model(cell)
        leaks = np.array([1.0, 1.2, 1.4]) * model.parameters["g_L"]
        if cell == "shriki2003":
            currents, duration = np.linspace(0, 0.04, 16) * amp / meter**2, 300 * ms
        else:
            currents, duration = np.linspace(0, 1, 101) * nA, 2000 * ms
        self.measure = lambda: b2r.measure_fi(model, currents, leaks, duration=duration)
        self.measure()  # compiled and loaded

    def time_measure_fi(self, cell):
        self.measure()
