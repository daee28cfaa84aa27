"""The same grading on a Dask cluster: a scheduler and three workers on loopback, one of which is killed."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT
from vae_edu.grading import Course, CourseError, on_cluster
from vae_edu.grading.demo import submit
from vae_edu.grading.sandbox import missing

distributed = pytest.importorskip("distributed", reason="the cluster is an extra: pip install 'vae-edu[cluster]'")
LOCKED = not missing()


@pytest.fixture
def cluster(tmp_path):
    """The scheduler's address, and its workers' processes."""
    environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "30s", "OMP_NUM_THREADS": "1"}
    about = tmp_path / "scheduler.json"
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    quiet = {"env": environment, "cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen([*start, "--scheduler-file", str(about)], **quiet)
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(about), "--nthreads", "1"]
    for _ in range(300):
        if about.exists():
            break
        time.sleep(0.1)
    workers = [subprocess.Popen([*worker, "--no-nanny", "--no-dashboard", "--name", f"w{n}"], **quiet) for n in range(3)]
    with distributed.Client(scheduler_file=str(about), timeout=30) as client:
        client.wait_for_workers(3, timeout=60)
        address = client.scheduler.address
    yield address, workers
    for process in [*workers, scheduler]:
        process.kill()
        process.wait()


def test_scores_are_the_same_and_a_killed_worker_costs_a_retry(cluster, tmp_path):
    address, workers = cluster
    course = Course(tmp_path / "course", home=ROOT)
    submit(course, "ps1", course.release("ps1"))
    submitted = course.classroom / "submitted"
    for number in range(6):
        shutil.copytree(submitted / ("all-right", "mistakes")[number % 2], submitted / f"copy-{number}")
    killer = submitted / "killer" / "ps1"
    shutil.copytree(submitted / "all-right" / "ps1", killer)
    text = (killer / "ps1.ipynb").read_text(encoding="utf-8")
    killer = killer / "ps1.ipynb"
    killer.write_text(text.replace('"import math\\n', '"import os\\n", "os._exit(9)\\n", "import math\\n'), encoding="utf-8")
    found, killed = {}, False
    with on_cluster(address) as options:
        assert options["jobs"] == 3
        for rows in course.grade("ps1", locked=LOCKED, **options):
            found[rows[0].student] = sum(row.points for row in rows if row.points is not None)
            if not killed:
                os.kill(workers[0].pid, signal.SIGKILL)
                killed = True
    assert workers[0].poll() is not None and 0 < found.pop("killer") < 16  # its setup cell died, and it alone
    assert len(found) == 9
    for student, points in found.items():
        like = {"all-right": 16, "mistakes": 7.2, "blank": 0}
        assert points == like.get(student, (16, 7.2)[int(student[-1]) % 2] if student.startswith("copy") else None), student


def test_no_scheduler_is_one_sentence():
    with pytest.raises(CourseError, match="There is no Dask scheduler at"), on_cluster("tcp://127.0.0.1:9"):
        pass
