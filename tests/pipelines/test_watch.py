"""Waiting for a run: what is shown, how it ends, and what it survives."""

import pytest

from pipelines.kubeflow import Server
from tests.pipelines.command import assert_one_line, metier
from tests.pipelines.kubeflow_replay import RUN, a_run, run, watched


def test_changes_of_state_are_shown_once_each_and_groups_are_not_steps():
    answers = (
        run("PENDING"),
        run("RUNNING", loop="RUNNING", train__driver="SUCCEEDED", train="PENDING"),
        run("RUNNING", loop="RUNNING", train__driver="SUCCEEDED", train="RUNNING"),
        run("RUNNING", loop="RUNNING", train__driver="SUCCEEDED", train="RUNNING"),
        run("SUCCEEDED", loop="SUCCEEDED", train__driver="SUCCEEDED", train="SUCCEEDED"),
    )
    with a_run(*answers) as kubeflow:
        finished, shown = watched(Server(kubeflow.url))
    assert shown == ["PENDING", "RUNNING", "  ▸ train", "SUCCEEDED", "  ✓ train"]
    assert finished.steps == [{"name": "train", "state": "SUCCEEDED"}]


def test_a_failed_run_exits_with_1_and_names_its_step(home):
    with a_run(run("FAILED", "1 of 2\n  tasks failed", loop="FAILED", train="FAILED")) as kubeflow:
        done = metier(home, "wait", RUN, "--host", kubeflow.url)
    assert_one_line(done, 1, f"run {RUN} ended FAILED at train: 1 of 2 tasks failed;", f"/#/runs/details/{RUN}")
    assert done.stdout == "FAILED\n  ✗ train\n"


def test_a_step_that_never_began_is_known_by_its_driver():
    with a_run(run("FAILED", root="FAILED", train__driver="FAILED")) as kubeflow:
        error, _ = watched(Server(kubeflow.url))
    assert "ended FAILED at train-driver;" in str(error)


@pytest.mark.parametrize("state", ["CANCELED", "SKIPPED"])
def test_a_run_that_ended_otherwise_did_not_succeed(state):
    with a_run(run(state)) as kubeflow:
        error, _ = watched(Server(kubeflow.url))
    assert f"ended {state};" in str(error)


def test_past_the_timeout_the_run_goes_on_and_can_be_waited_for_again():
    with a_run(run("RUNNING")) as kubeflow:
        error, _ = watched(Server(kubeflow.url), minutes=0)
    assert "still RUNNING after 0 minutes and goes on" in str(error)
    assert f"metier pipeline wait {RUN} --host {kubeflow.url}" in str(error)


def test_a_run_of_a_pipeline_that_the_server_does_not_show_is_waited_for():
    with a_run((200, {"run_id": RUN, "state": "SUCCEEDED"})) as kubeflow:
        finished, shown = watched(Server(kubeflow.url))
    assert (finished.steps, shown) == ([], ["SUCCEEDED"])


@pytest.mark.parametrize("trouble", [(503, "<html>no backend</html>"), (0, "")])
def test_waiting_survives_two_failures_in_a_row(trouble):
    with a_run(run("RUNNING"), trouble, trouble, run("SUCCEEDED")) as kubeflow:
        finished, shown = watched(Server(kubeflow.url))
    assert finished.state == "SUCCEEDED"
    assert [line.rsplit("; ", 1)[-1] for line in shown] == ["RUNNING", *["next try in 0.01 s"] * 2, "SUCCEEDED"]


def test_waiting_gives_up_on_a_server_that_stays_away():
    with a_run((503, {"code": 14, "message": "upstream"})) as kubeflow:
        error, shown = watched(Server(kubeflow.url))
        asked = [call for call in kubeflow.calls if call.path.endswith(RUN)]
    assert "busy (HTTP 503)" in str(error)
    assert "the run goes on; wait again" in str(error)
    assert (len(shown), len(asked)) == (2, 3)
