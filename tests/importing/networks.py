"""Networks of scripts, live."""

import brian2


def live(text, last, seed=1):
    """What the last line of a script is worth."""
    variables = {}
    exec("from brian2 import *\nimport numpy as np\nimport b2reduce as b2r", variables)
    brian2.start_scope()
    brian2.seed(seed)
    exec(compile(f"{text}\n_result = {last}\n", "script", "exec"), variables)
    return variables["_result"]


def imported(text, last="b2r.from_brian2()", seed=1):
    """What a script's network is read as."""
    return live(text, last, seed)
