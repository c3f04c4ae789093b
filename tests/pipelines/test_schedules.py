"""Schedules: by heart from a real server where the name does not say modelled."""

import json
import re
from datetime import UTC, datetime

import pytest

from metier.errors import InputError, PipelineError
from pipelines.kubeflow import Server
from pipelines.schedules import DUE, list_schedules, schedule, unschedule
from tests.pipelines.command import metier
from tests.pipelines.kubeflow_replay import HEALTH, Recording, recorded, script, serving

NIGHTLY = {"name": "nightly", "cron": "0 0 3 * * *", "experiment": "lifecycle"}
FOUND = {"experiments": [{"experiment_id": "d9611e47-2acd-4b8f-a69a-90e836ae6da2", "display_name": "lifecycle"}]}


def of_recording(after):
    """The recorded exchanges, before which the experiment is found and, at first, without a schedule."""
    recording, asked = Recording(recorded("golden_lifecycle.json", after)), []

    def answer(call):
        if call.path.endswith("/experiments"):
            return 200, FOUND
        if call.method == "GET" and call.path.endswith("/recurringruns") and not asked:
            asked.append(call)
            return 200, {}
        return recording(call)

    return answer


def test_a_recorded_server_takes_a_schedule_lists_it_and_deletes_it(package):
    with serving(of_recording("a schedule: created")) as kubeflow:
        server = Server(kubeflow.url)
        made = schedule(server, package, **NIGHTLY)
        listed = list_schedules(server, experiment="lifecycle")
        unschedule(server, made.schedule_id)
        (sent,) = kubeflow.bodies("/recurringruns")
        assert kubeflow.calls[-1].method == "DELETE"
    assert listed == [made]
    assert (made.name, made.cron, made.state) == ("nightly", "0 0 3 * * *", "ENABLED")
    assert (sent["max_concurrency"], sent["no_catchup"], sent["mode"]) == (1, True, "ENABLE")
    assert sent["runtime_config"]["parameters"] == package.arguments | DUE


def test_a_recorded_refusal_of_a_cron_expression_is_one_line(package):
    exchanges = recorded("golden_lifecycle.json", "a schedule with a bad cron")
    refused = exchanges[1]
    answers = {
        "GET /healthz": [HEALTH],
        "GET /experiments": [(200, FOUND)],
        "GET /recurringruns": [(200, {})],
        "POST /recurringruns": [(refused["status"], refused["response"])],
    }
    with serving(script(answers)) as kubeflow:
        with pytest.raises(PipelineError, match=r"HTTP 400.*Expected 5 to 6 fields, found 2: every day") as error:
            schedule(Server(kubeflow.url), package, **NIGHTLY | {"cron": "every day"})
        assert "\n" not in str(error.value)


def test_a_second_schedule_of_one_name_is_refused_with_the_way_to_end_the_first(package):
    known = {"recurring_run_id": "s1", "display_name": "nightly", "trigger": {"cron_schedule": {"cron": "0 0 1 * * *"}}}
    answers = {
        "GET /healthz": [HEALTH],
        "GET /experiments": [(200, FOUND)],
        "GET /recurringruns": [(200, {"recurringRuns": [known]})],
    }
    with serving(script(answers)) as kubeflow:
        with pytest.raises(InputError, match=r"\(0 0 1 .*metier pipeline cancel s1 --schedule --host"):
            schedule(Server(kubeflow.url), package, **NIGHTLY)
        assert kubeflow.bodies("/recurringruns") == []


def test_a_schedule_is_replaced_by_one_that_is_there_before_it_goes_modelled(package):
    known = {"recurring_run_id": "s1", "display_name": "nightly"}
    answers = {
        "GET /healthz": [HEALTH],
        "GET /experiments": [(200, FOUND)],
        "GET /recurringruns": [(200, {"recurringRuns": [known]})],
        "POST /recurringruns": [(200, known | {"recurring_run_id": "s2"})],
        "DELETE /recurringruns/s1": [(200, {})],
    }
    with serving(script(answers)) as kubeflow:
        assert schedule(Server(kubeflow.url), package, **NIGHTLY, replace=True).schedule_id == "s2"
        assert [call.method for call in kubeflow.calls[-2:]] == ["POST", "DELETE"]


def test_a_schedule_that_is_not_there_is_a_mistake_of_the_caller_modelled():
    answers = {"GET /healthz": [HEALTH], "DELETE /recurringruns/s1": [(404, {"code": 5, "message": "not found"})]}
    with serving(script(answers)) as kubeflow, pytest.raises(InputError, match="no schedule 's1' at"):
        unschedule(Server(kubeflow.url), "s1")


def test_a_firing_fills_in_a_clock_that_steps_read_modelled():
    """As the server's formatter does it: Go's layout of the moment, in UTC, between the brackets."""
    due = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    layout = {"2006": "%Y", "01": "%m", "02": "%d", "15": "%H", "04": "%M", "05": "%S"}
    python = re.sub("|".join(layout), lambda part: layout[part[0]], DUE["as_of"].partition(".")[2].partition("]]")[0])
    filled = re.sub(r"\[\[ScheduledTime\..*?\]\]", due.strftime(python), DUE["as_of"])
    assert datetime.fromisoformat(filled) == due


def test_the_command_schedules_and_lists_in_json(home):
    made = {
        "recurring_run_id": "s1",
        "display_name": "metier-monitoring",
        "trigger": {"cron_schedule": {"cron": "0 0 * * * *"}},
        "status": "ENABLED",
    }
    answers = {
        "GET /healthz": [HEALTH],
        "GET /experiments": [(200, FOUND)],
        "GET /recurringruns": [(200, {}), (200, {"recurringRuns": [made]})],
        "POST /recurringruns": [(200, made)],
    }
    with serving(script(answers)) as kubeflow:
        where = ("--host", kubeflow.url, "--json")
        sent = metier(home, "schedule", "monitoring", "--cron", "0 0 * * * *", *where)
        listed = metier(home, "list", "--schedules", *where)
        assert kubeflow.bodies("/recurringruns")[0]["service_account"] == "metier-steps"
    expected = {"schedule_id": "s1", "name": "metier-monitoring", "cron": "0 0 * * * *", "state": "ENABLED"}
    assert (json.loads(sent.stdout), json.loads(listed.stdout)) == (expected, [expected])
