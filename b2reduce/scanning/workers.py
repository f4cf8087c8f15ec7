"""Processes that do the points of a scan, and what happens where one dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for

from ..basics.environment import core_count
from ..basics.interrupts import Terminated, ctrl_c_blocked, end_at_once, undisturbed
from ..basics.processes import OF_WORKERS_, end_processes
from ..basics.whole_imports import imported
from .tasks import work

MOST_DEATHS = 3  # of workers, before a point counts as what kills them


def _alone():
    """A worker keeps to one core; the pool has as many workers as cores. It is ended by SIGTERM.

    Ctrl-C is for the process that waits for it.
    """
    threading.Thread(target=_end_with_parent, daemon=True, name="b2reduce parent").start()
    os.environ["B2REDUCE_THREADS"] = "1"
    signal.signal(signal.SIGTERM, _end_worker)
    imported("brian2")


def _end_with_parent():
    """Wait for the end of the process that this worker works for, and end as well: at first in good order.

    A process that is killed has no time to end its workers, and these would wait for orders forever.
    """
    wait_for([multiprocessing.parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(OF_WORKERS_)
    os._exit(143)


_busy = False  # whether this worker is at a point


def _end_worker(number, frame):
    """SIGTERM in a worker: what is under way is given up in good order.

    All files that its libraries keep are removed.
    """
    if _busy:
        raise Terminated
    end_at_once(143)


def _in_worker(order):
    """One point in a worker of one's own."""
    global _busy
    try:
        _busy = True
        return work(order)
    except Terminated:
        end_at_once(143)
    finally:
        _busy = False


def on_own_pool(orders, workers, keep):
    """A pool of processes; one that breaks is replaced, and what it was doing done again."""
    workers = workers or core_count()
    waiting, deaths, context = deque(orders), Counter(), multiprocessing.get_context("spawn")
    while waiting:
        # What was under way when a worker died twice is done one by one, to tell who kills.
        suspects = [order for order in waiting if deaths[order["number"]] >= MOST_DEATHS - 1]
        queue = deque(suspects[:1]) if suspects else waiting
        if suspects:
            waiting.remove(suspects[0])
        size = 1 if suspects else min(workers, len(queue))
        with ProcessPoolExecutor(size, mp_context=context, initializer=_alone) as pool:
            running = {}
            try:
                while queue or running:
                    while queue and len(running) < size:
                        order = queue.popleft()
                        # The workers start with the first order, and inherit the latter
                        with undisturbed(), ctrl_c_blocked():
                            running[pool.submit(_in_worker, order)] = order
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        order, error = running[future], future.exception()
                        if isinstance(error, BrokenProcessPool):
                            raise error
                        del running[future]
                        keep(order["number"], _lost(error) if error is not None else future.result())
            except BrokenProcessPool:
                for order in running.values():
                    deaths[order["number"]] += 1
                    if deaths[order["number"]] < MOST_DEATHS:
                        waiting.appendleft(order)
                    else:
                        keep(
                            order["number"],
                            {"lost": f"its worker died {MOST_DEATHS} times; memory may be too small for it"},
                        )
            except BaseException:
                with undisturbed():
                    _kill(pool)
                raise


def _kill(pool):
    """Stop a pool at once: a point may have minutes to go."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    end_processes(
        [process.pid for process in processes if process.is_alive()],
        wait=lambda: [process.is_alive() for process in processes],
        patience_=OF_WORKERS_,
    )


def _lost(error):
    return {"lost": f"{type(error).__name__}: {error}"}


def on_executor(orders, executor, keep):
    """Any executor; a dask client is one as well. What it does about dead workers is its own affair."""
    if hasattr(executor, "get_executor"):
        executor = executor.get_executor(pure=False, retries=MOST_DEATHS - 1)
    running = {executor.submit(work, order): order for order in orders}
    try:
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                order = running.pop(future)
                error = future.exception()
                if isinstance(error, KeyboardInterrupt):  # a thread, or a process that Ctrl-C reached as well
                    raise error
                keep(order["number"], _lost(error) if error is not None else future.result())
    except BaseException:
        for future in running:
            future.cancel()
        raise
