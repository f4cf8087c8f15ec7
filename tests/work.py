"""How much work a call does, whatever else the machine is busy with."""

import sys


class TooMuchWork(BaseException):
    """No part of the package may catch this."""


def calls(task, at_most):
    """How many functions a call calls, in Python and in C; it is ended once there are more."""
    number = 0

    def count(frame, event, argument):
        nonlocal number
        number += event in ("call", "c_call")
        if number > at_most:
            raise TooMuchWork(f"more than {at_most} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        task()
    finally:
        sys.setprofile(before)
    return number
