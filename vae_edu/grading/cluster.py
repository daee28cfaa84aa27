"""Run submissions on a Dask cluster: the function that runs them here, on the machines of others."""

from collections.abc import Iterator
from contextlib import contextmanager

from .course import CourseError


@contextmanager
def on_cluster(address: str) -> Iterator[dict]:
    """What `Course.grade` needs to run submissions on the workers of the scheduler at `address`.

    Every worker needs vae_edu in this very version, bubblewrap, and nothing of the course: a submission comes with its tests.
    A submission whose worker dies is run again on another; one that loses four workers is given up, and it alone.
    """
    try:
        from distributed import Client
    except ImportError:
        raise CourseError("--cluster needs Dask: pip install 'vae-edu[cluster]'") from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise CourseError(f"There is no Dask scheduler at {address} ({error}); start one with: dask scheduler") from None
    with client:
        workers = client.nthreads()
        if not workers:
            raise CourseError(f"The scheduler at {address} has no workers; start some with: dask worker {address} --nthreads 1")
        yield {"executor": client.get_executor(pure=False), "jobs": len(workers)}
