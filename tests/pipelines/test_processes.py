"""Steps end with the run that started them, and one that is killed says why: real pipelines, real signals."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipelines.processes import killed

RUN = """
import sys
from pathlib import Path

from kfp import dsl

import pipelines.local
from components.step import step
from metier.settings import Settings


@step()
def wait_long(folder: str):
    import os, time
    from pathlib import Path

    Path(folder, "pid").write_text(str(os.getpid()))
    time.sleep(300)


@step()
def die(folder: str):
    import os, signal

    os.kill(os.getpid(), signal.SIGKILL)


@dsl.pipeline(name="alone")
def alone(folder: str):
    wait_long(folder=folder)


@dsl.pipeline(name="loop")
def loop(folder: str):
    with dsl.ParallelFor(["a", "b", "c"]) as _:
        wait_long(folder=folder).set_caching_options(False)


@dsl.pipeline(name="killed")
def killed(folder: str):
    die(folder=folder)


@step()
def undefined(folder: str, evaluation: dsl.Output[dsl.Metrics]):
    evaluation.log_metric("ndcg_at_10", float("nan"))


@step()
def lacking(folder: str, evaluation: dsl.Output[dsl.Metrics]):
    from metier.errors import EmptyDataError

    raise EmptyDataError("no positive on job_feed; import interactions")


def looping(name, evaluate):
    @dsl.pipeline(name=name)
    def pipeline(folder: str):
        with dsl.ParallelFor(["a", "b"], parallelism=2) as _:
            evaluate(folder=folder).set_caching_options(False)

    return pipeline


folder, name = sys.argv[1:]
pipelines.local.pipeline_named = {
    "alone": alone,
    "loop": loop,
    "killed": killed,
    "undefined": looping("undefined", undefined),
    "lacking": looping("lacking", lacking),
}.get
pipelines.local.run_arguments = lambda *arguments: {"folder": folder}
show = lambda line: sys.__stdout__.write(line + chr(10))
pipelines.local.run_locally(name, Settings(home=Path(folder)), show=show)
"""


@pytest.fixture
def start(tmp_path):
    """Start a run of the named pipeline; what is left of it in the end is killed."""
    script = tmp_path / "run.py"
    script.write_text(RUN)
    started = []

    def run(name):
        command = [sys.executable, str(script), str(tmp_path), name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def step_of(run: subprocess.Popen, folder: Path) -> psutil.Process:
    deadline = time.monotonic() + 90
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline, "the step did not start"
        time.sleep(0.05)
    return psutil.Process(int((folder / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", ["alone", "loop"])
def test_a_step_ends_with_its_run(start, tmp_path, name, number):
    run = start(name)
    step = step_of(run, tmp_path)
    guard = step.parent().parent()
    run.send_signal(number)
    _, alive = psutil.wait_procs([step, guard], timeout=30)
    assert alive == []
    run.communicate(timeout=30)
    assert run.returncode != 0


def test_a_step_that_was_killed_says_so_and_what_to_do(start, tmp_path):
    shown, error = start("killed").communicate(timeout=90)
    assert "✗ die (" in shown
    assert "killed by signal 9, most likely for memory unless somebody did it (peak 0." in shown
    assert "set METIER_MEMORY_MB" in shown
    assert "PipelineError: pipeline killed: PipelineError: step 'die' was killed" in error


@pytest.mark.parametrize(
    ("name", "reason"),
    [("undefined", "nan"), ("lacking", "EmptyDataError: no positive on job_feed; import interactions")],
)
def test_a_loop_that_fails_says_why(start, name, reason):
    _, error = start(name).communicate(timeout=90)
    (line,) = [line for line in error.splitlines() if f"PipelineError: pipeline {name}: " in line]
    assert reason in line.lower() if name == "undefined" else reason in line
    assert "the whole log is" in line


def test_a_kill_that_the_kernel_counted_is_for_memory():
    assert killed("build-features", 15_000_000_000, for_memory=True).startswith(
        "step 'build-features' was killed for memory (peak 15.0 GB); "
    )
