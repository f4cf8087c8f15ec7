"""Seconds and memory of the spiking network, and of the rate model beside it."""

import os

os.environ["B2REDUCE_THREADS"] = "1"


class Spikes:
    """A second of `ei_lif`, 5,000 cells with 625,000 synapses, drawn and set up in every run."""

    number, warmup_time = 1, 0.0

    def setup(self):
        from brian2 import ms, second

        import b2reduce as b2r

        run = lambda duration: b2r.simulate_spikes(
            "ei_lif", duration=duration, seed=1, record=0, engine="native"
        )
        run(20 * ms)  # compiled and loaded
        self.run = lambda: run(1 * second)

    def time_simulate_spikes(self):
        self.run()

    def peakmem_simulate_spikes(self):
        """Of the whole process: Python and Brian2, imported, are some 200 MB of it."""
        self.run()


class Rates:
    """A second of the rate model of `ei_lif`."""

    number, warmup_time = 1, 0.0

    def setup(self):
        from brian2 import second

        import b2reduce as b2r

        reduced = b2r.reduce("ei_lif", seed=1)
        self.run = lambda: b2r.simulate_rates(reduced, duration=1 * second)
        self.run()

    def time_simulate_rates(self):
        self.run()
