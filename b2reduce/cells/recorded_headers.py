"""Headers of f-I data: which name means what, and units as people write them.

A header is a name and a unit: ``I [pA]``, ``g (nS)``, ``rate / s^-1``, ``I_pA``. The names that count stand
in `NAMES`; a unit is anything that `parse_quantity` reads and that has the right dimension.
"""

from __future__ import annotations

import re

import numpy as np

from ..basics.errors import InputError
from ..basics.units import parse_quantity, si_label

__all__ = ["NAMES", "TOTAL", "UNITS", "WRITE", "fits", "role_of", "tidy", "unit_of"]

#: What each column may be called, in small letters without anything between them; the first is the name that
#: the documentation uses.
NAMES = {
    "I": (
        "i",
        "iinj",
        "iapp",
        "iext",
        "istim",
        "istep",
        "current",
        "injectedcurrent",
        "currentinjected",
        "currentinjection",
        "appliedcurrent",
        "inputcurrent",
        "currentstep",
        "stepcurrent",
        "currentamplitude",
        "meancurrent",
    ),
    "g": ("g", "gtotal", "gtot", "totalg", "conductance", "totalconductance", "totalleak"),
    "g_added": (
        "gadded",
        "gadd",
        "addedg",
        "addedconductance",
        "conductanceadded",
        "gshunt",
        "shunt",
        "shuntconductance",
        "gs",
        "gdc",
        "gclamp",
        "gdynclamp",
        "ginj",
        "injectedconductance",
    ),
    "E_added": ("eadded", "eadd", "eshunt", "es", "erev", "reversal", "reversalpotential", "eclamp"),
    "rate": (
        "rate",
        "firingrate",
        "meanrate",
        "meanfiringrate",
        "spikerate",
        "spikingrate",
        "frequency",
        "firingfrequency",
        "spikefrequency",
        "freq",
        "fr",
        "f",
        "sustainedrate",
        "steadystaterate",
    ),
    "rate_sem": (
        "ratesem",
        "sem",
        "semrate",
        "firingratesem",
        "semfiringrate",
        "ratestderr",
        "standarderror",
    ),
    "onset_rate": ("onsetrate", "initialrate", "initialfrequency"),
    "cv": ("cv", "cvisi", "isicv"),
    "time": ("time",),
}
TOTAL = ("gtotal", "gtot", "totalg", "totalconductance", "totalleak")
UNITS = {
    "I": ("A", "A/m^2"),
    "g": ("S", "S/m^2"),
    "g_added": ("S", "S/m^2"),
    "E_added": ("V",),
    "rate": ("Hz",),
    "rate_sem": ("Hz",),
    "onset_rate": ("Hz",),
    "cv": ("1",),
    "time": ("s",),
}
WRITE = {
    "I": "'I [pA]' or 'I [uA/cm^2]'",
    "g": "'g [nS]' or 'g [mS/cm^2]'",
    "g_added": "'g_added [nS]' or 'g_added [mS/cm^2]'",
    "E_added": "'E_added [mV]'",
    "rate": "'rate [Hz]'",
    "rate_sem": "'rate_sem [Hz]'",
    "onset_rate": "'onset_rate [Hz]'",
    "cv": "'cv'",
    "time": "'time [s]'",
}
_BRACKETS = re.compile(r"(.*?)\s*[\[({]\s*(.*?)\s*[\])}]", re.DOTALL)
_POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
_COUNTED = re.compile(
    r"(?:spikes?|spks?|sp|aps?|impulses?|imp|events?)\s*(?:/|per\b)\s*|/\s*|per\b\s*", re.IGNORECASE
)


def _plain(name):
    return re.sub(r"[\W_]+", "", name).lower()


def tidy(text):
    """A header or a unit on one line, with ordinary blanks and without what a byte order mark left."""
    return " ".join(str(text).replace("\ufeff", "").split())


def unit_of(text, role):
    """(unit it is in SI, factor to it) of a unit as people write it."""
    text = tidy(text).translate(_POWERS).strip("[](){} ")
    if text == "%" and role == "cv":
        return "1", 0.01
    if len(text) > 40:
        raise InputError(f"cannot read {text[:40] + '...'!r} as a unit")
    text = _COUNTED.sub("1/", text, count=1) if _COUNTED.match(text) else text
    text = re.sub(r"\s*\bper\b\s*", "/", text)
    text = re.sub(r"\bsec(?:ond)?s?\b", "s", text)
    text = {"hz": "Hz", "HZ": "Hz"}.get(text, text)
    first, others = re.sub(r"[._]+", "/", text, count=1), None
    if first != text:  # programs that allow no brackets and slashes in names put dots or underscores
        others = (first, re.sub(r"[._]+", "^", first, count=1))
    fault = None
    for tried in (text, *(others or ())):
        try:
            quantity = parse_quantity(f"1 {tried}")
        except InputError as error:
            fault = fault or error
            continue
        label = si_label(quantity)
        if label in UNITS[role] or others is None:
            return label, float(np.asarray(quantity))
    if fault is None:
        return label, float(np.asarray(quantity))
    said = re.sub(r"^got '1 [^']*'(?:: |, )", "", str(fault))
    raise InputError(f"{text!r}: {said}")


def fits(text, role):
    """Whether a text is a unit of the right kind."""
    try:
        return bool(tidy(text)) and unit_of(text, role)[0] in UNITS[role]
    except InputError:
        return False


def role_of(header):
    """(role, plain name, unit text or None) of a header, or None if it is none of ours."""
    text = tidy(header)
    bracketed = _BRACKETS.fullmatch(text)
    if bracketed:
        name, unit = _plain(bracketed[1]), bracketed[2]
        for role, names in NAMES.items():
            # A name of ours is ours whatever the unit; another's only with a unit of the right kind: "R
            # [Mohm]" is no rate.
            if name == names[0] or name in names and fits(unit, role):
                return role, name, unit
        return None
    for role, names in NAMES.items():
        if _plain(text) in names:
            return None if role == "time" else (role, _plain(text), None)
    mangled = text.rstrip("._ ")
    for cut in reversed(list(re.finditer(r"[\s_./,:;-]+", mangled))):
        name, unit = _plain(re.sub(r"\s+in$", "", mangled[: cut.start()])), mangled[cut.end() :]
        for role, names in NAMES.items():
            if name in names and fits(unit, role):
                return role, name, unit
    return None
