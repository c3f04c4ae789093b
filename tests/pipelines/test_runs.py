"""Runs on a server: listed, ended, and why they failed. By heart from a real one where no name says modelled."""

import json

import pytest

from metier.errors import InputError, PipelineError
from pipelines.kubeflow import Server
from pipelines.runs import cancel, list_runs, logs
from tests.pipelines.command import assert_one_line, metier
from tests.pipelines.kubeflow_replay import HEALTH, RUN, Recording, a_run, recorded, run, script, serving

FOUND = (200, {"experiments": [{"experiment_id": "e7"}]})


def test_a_recorded_server_lists_the_runs_of_an_experiment_the_newest_first():
    with serving(Recording(recorded("golden_lifecycle.json", "list runs of an experiment"))) as kubeflow:
        (listed,) = list_runs(Server(kubeflow.url), experiment="lifecycle", most=1)
        (asked,) = [call.query for call in kubeflow.calls if call.path.endswith("/runs")]
    assert (listed.name, listed.state, listed.created) == ("failing", "FAILED", "2026-11-23T01:45:24Z")
    assert (asked["sort_by"], asked["page_size"]) == ("created_at desc", "1")


def test_an_experiment_that_is_not_there_has_no_runs_to_list():
    answers = {"GET /healthz": [HEALTH], "GET /experiments": [(200, {})]}
    with serving(script(answers)) as kubeflow, pytest.raises(InputError, match="no experiment 'metiers' at"):
        list_runs(Server(kubeflow.url), experiment="metiers", most=5)


def test_a_recorded_failure_is_told_with_its_pods_and_the_command_for_the_rest():
    exchanges = recorded("golden_lifecycle.json", "a run whose step fails")
    failed = next(each["response"] for each in exchanges if "/runs/" in each["url"])
    with serving(Recording(exchanges)) as kubeflow:
        told = logs(Server(kubeflow.url), failed["run_id"])
    assert (told.state, [task.name for task in told.failed]) == ("FAILED", ["train-ranker"])
    # The step's own, then those of the attempt and of the attempt again.
    assert [pod.rsplit("-", 1)[1] for pod in told.failed[0].pods] == ["1391424550", "2623005989", "2421821656"]
    assert told.kubectl == (
        f"kubectl --namespace kubeflow logs --selector pipeline/runid={failed['run_id']} "
        "--container main --prefix --tail=-1"
    )


def test_the_command_tells_the_error_of_a_task_modelled(home):
    status, answer = run("FAILED", "1 task failed", train__driver="SUCCEEDED", train="FAILED")
    answer["run_details"]["task_details"][1] |= {"error": {"message": "OOM\n killed"}, "pod_name": "train-7"}
    with a_run((status, answer)) as kubeflow:
        done = metier(home, "logs", RUN, "--host", kubeflow.url, "--namespace", "ranking")
        as_json = metier(home, "logs", RUN, "--host", kubeflow.url, "--json")
    assert done.stdout.splitlines() == [
        f"{RUN} FAILED",
        "  ✗ train: OOM killed",
        "      pods: train-7",
        f"What the steps said: kubectl --namespace ranking logs --selector pipeline/runid={RUN} "
        "--container main --prefix --tail=-1",
        f"See it: {kubeflow.url}/#/runs/details/{RUN}",
    ]
    assert json.loads(as_json.stdout)["failed"] == [{"name": "train", "error": "OOM killed", "pods": ["train-7"]}]


def test_a_run_that_goes_on_is_cancelled():
    answers = {
        "GET /healthz": [HEALTH],
        f"GET /runs/{RUN}": [run("RUNNING")],
        f"POST /runs/{RUN}:terminate": [(503, ""), (200, {})],
    }
    with serving(script(answers)) as kubeflow:
        cancel(Server(kubeflow.url, pauses=(0.01,)), RUN)
        assert [call.path.rpartition(":")[2] for call in kubeflow.calls].count("terminate") == 2


def test_a_run_that_has_ended_is_not_cancelled_and_says_so(home):
    with a_run(run("SUCCEEDED")) as kubeflow:
        done = metier(home, "cancel", RUN, "--host", kubeflow.url)
    assert_one_line(done, 2, f"run {RUN} has ended SUCCEEDED; there is nothing to cancel")


def test_a_recorded_refusal_to_end_a_run_that_ended_just_now_is_one_line():
    (refused,) = recorded("golden_lifecycle.json", "terminate a run that already finished")[1:]
    answers = {
        "GET /healthz": [HEALTH],
        f"GET /runs/{RUN}": [run("RUNNING")],
        f"POST /runs/{RUN}:terminate": [(refused["status"], refused["response"])],
    }
    with serving(script(answers)) as kubeflow, pytest.raises(PipelineError, match=r"HTTP 400.*Failed to terminate"):
        cancel(Server(kubeflow.url), RUN)


def test_the_list_is_a_line_a_run(home):
    told = {"run_id": RUN, "display_name": "metier-training", "state": "RUNNING", "created_at": "2026-03-01T03:00:00Z"}
    answers = {"GET /healthz": [HEALTH], "GET /experiments": [FOUND], "GET /runs": [(200, {"runs": [told]}), (200, {})]}
    with serving(script(answers)) as kubeflow:
        assert metier(home, "list", "--host", kubeflow.url).stdout == (
            f"{RUN}  metier-training  RUNNING  2026-03-01T03:00:00Z\n"
        )
        assert metier(home, "list", "--host", kubeflow.url).stdout == "none\n"
