"""What the page of the benchmark says, but for its tables."""

from __future__ import annotations

__all__ = ["REASONS", "TEXT"]

#: {circuit that a level is off at: why, in a sentence}
REASONS = {
    "ei_lif-10Hz": "reduced at 14 Hz: three levels keep the noise of that place, which lifts rates below it; `transfer` moves it along",
    "brunel2001": "all cells share all of their recurrent inputs, and feedback nearly cancels, so that a small error of one current moves both rates: the paper's own theory, which sets them to 3 and 9 Hz, is off by half as well",
    "vogels2005": "single synapses are strong, so that cells fire in bursts and at rates of their own, and no cell is the mean cell; silence is a state as well",
    "zerlaut2018-5Hz": "reduced at 4 Hz: the noise is that of 4 Hz, and leak changes the slope of these gains; `transfer` has it",
    "potjans2014-tenth": "cells of L23E differ in the numbers of their inputs and fire at the foot of their gain, where the mean over cells is above the mean cell: `quenched` has it",
    "ring_lif": "one rate stands for a hypercolumn: rates over angle are peaked, and the mean of a curved gain is above the gain of the mean; `cells=True` and `ring_profile` are for this",
    "random-1": "E1 fires at the foot of its gain, with few and strong inputs from regular cells, and rates vary more than those of independent cells; which of these counts was not taken apart",
    "random-6": "cells of E1 differ in the numbers of their inputs and fire at the foot of their gain: `quenched` has it",
    "random-0-weaker": "reduced at a drive a third stronger: few strong inputs and the noise of that place, while E falls silent here; `transfer` moves the noise along",
    "random-1-stronger": "reduced at a drive a fifth weaker, where E1 and E3 fire at the foot of their gains: rates here are far outside of what was measured",
    "random-2-weaker": "reduced at a drive a third stronger, while I1 and I2 nearly fall silent here: outside of what was measured",
}

TEXT = """\
# How well are spiking networks reduced to rates? A benchmark

Thirty circuits of spiking cells, the mean rates of their populations as they fire, and a score for any table of rates that a theory predicts
for them. Anybody can enter.

```console
python -m b2reduce.experiments.reductions.score mine.csv
```

## Scores

{scores}

An error is (rate - mean spiking rate)/max(mean spiking rate, 1 Hz); that of a circuit is the largest of its populations, without its sign. Median, mean
and worst are over the circuits that an entry predicts in full, so that they say nothing without the column *missing* beside them; *within 15 %* counts
all thirty. A prediction that is no number is an infinite error, and counts as *failed*. The interval is that of the median when circuits are drawn anew,
those that differ only in their drives together. *Other drives* are the six circuits that are another one of the list at a weaker or stronger drive.

![Error of every entry at every circuit, one row a circuit.](errors.png)

{entries}

The four levels are reduced at the drives of the first circuit of a family and run from there at the other drives; at their own drives they rest at one
operating point, so that they differ at other drives alone. `quenched` rests where cells with their own numbers and sizes of inputs do, instead of
the mean cell. A circuit counts as warned of wherever the reduction said anything at all, or `fluctuations`
or a premise foretold failure: remarks on a percent count as well, which makes many warnings undeserved. `nnmt` needs leaky integrate-and-fire cells that
are all alike, constant drives, and synapses that are all jumps (`nnmt.lif.delta`) or all currents of one time constant (`nnmt.lif.exp`); it takes the
means of in-degrees and of sizes. Where it does not apply its rates are missing. {not_run} Every entry is made by

```console
python -m b2reduce.experiments.reductions.entries --only linear
```

## How to enter

Write a CSV table with the columns `circuit`, `population` and `rate [Hz]`, and if you have them `stderr [Hz]`, `warned` (yes or no: whether your method says
by itself that its error may exceed 15 %) and `note`; semicolons, tabs, other units and pandas' row numbers will do. Leave out what your method does not apply to; write `nan` where it applies and fails. Then run the
command above: it names every row and column that it cannot read, all circuits that are missing, and all that are off. To be listed here, add the table to
`entries/`, its name to `ENTRIES`, and the command that makes it.

The circuits are files in `circuits/`, with equations, parameters, sizes, wiring and drives written out; `b2reduce.load_circuit` reads them, and so does any reader of
TOML. The time step of the reference is part of the circuit. `circuits.toml` lists them. A circuit with a drive that ends is meant in the state that
it is left in.

**Not to be used** to make a prediction: `references.csv`, `references.json`, `premises.csv`, published rates of these circuits, or any run of the spiking
network of a circuit, of part of it or at another size. Uncoupled cells may be run as much as you like. Nothing may be chosen by the score: the
thirty are few, and a method that was tuned on them says so.

## What the numbers mean

Spiking rates are means over five runs of 2 s after 0.5 s that are left out; every run draws its own wiring, noise and starting values. ± is the standard error
of that mean. CV is the mean coefficient of variation of the intervals of cells with five spikes or more; *synchrony* is the variance of the population's spike count in 3 ms over
its mean, which is 1 of independent Poisson cells and below of regular ones; it grows with the number of cells that fire together. Rates in bold are off by more
than 15 %, *none* is a failure, and - is missing.

- Seven circuits were drawn by `experiments/random_circuits.py`, three of which stand there at another drive as well, and four by `drawn.py`: the first numbers of a seed, none left out for what it does.
- The others follow publications. Of some only cells or states are a paper's, and the rest was chosen for this package; the list says so.
- Circuits that synchronise (`ei_lif_gamma`, and all of `brunel2000`, whose 5000 cells share more of their inputs than the paper's 12500) have mean rates as well. A theory of asynchronous cells that comes near to them does so by luck: look at the synchrony.
- `vogels2005` can be silent as well, and is meant in the state that its kick leaves it in. Five runs of two seconds do not tell a state that lasts from one that ends later.
- Rates near zero are judged on a scale of 1 Hz: silence predicted for 0.1 Hz is an error of 10 %.
- In networks whose feedback nearly cancels (`brunel2001`, `vogels2005`) wirings differ more than theories do: the ± says by how much.
- Nothing here is about rates in time, correlations, or other drives than those listed.

## Where the levels of this package are off, and why

Premises are those that `validate` measures, on a spiking run and on uncoupled cells at other drives, for the circuit that was reduced at level `linear`; no entry
knows of those that take spikes.

{failures}

## Circuits

{circuits}

## Rates

{rates}

This page is written by `python -m b2reduce.experiments.reductions.page`. The references are remade by `...references`, the circuits by `...drawn`, the premises by
`...premises`.
"""
