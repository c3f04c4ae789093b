"""Runs that a Kubeflow Pipelines server starts by the clock.

Each looks at everything from the moment that it was due. The server writes that moment into the arguments, and what
it is into the digest of the inputs: no run answers from the cache of the one before, which saw an older lake.
"""

from dataclasses import dataclass
from typing import Any

from metier.errors import AbsentError, InputError, NoAnswerError, PipelineError
from pipelines.kubeflow import Server, experiment_named, experiment_or_new
from pipelines.package import Package

DUE = {"as_of": "[[ScheduledTime.2006-01-02T15:04:05]]+00:00", "inputs_digest": "[[ScheduledTime]]"}
"""Arguments that the server fills in, by its own macros."""
MOST_LISTED = 100


@dataclass(frozen=True)
class Schedule:
    """A schedule as the server has it; `cron` has seconds first and is in UTC."""

    schedule_id: str
    name: str
    cron: str
    state: str


def schedule(
    server: Server, package: Package, *, name: str, cron: str, experiment: str, replace: bool = False
) -> Schedule:
    """Create a schedule of the package; one run at a time, and none for moments that passed meanwhile.

    One of this name in the experiment would run beside it: it is ended, once the new one is there, if `replace`, and
    an InputError otherwise.
    """
    experiment_id = experiment_or_new(server, experiment)
    before = [known for known in _of_experiment(server, experiment_id) if known.name == name]
    if before and not replace:
        raise InputError(
            f"there is a schedule {name!r} already ({before[0].cron}); give --replace, or end it: "
            f"metier pipeline cancel {before[0].schedule_id} --schedule --host {server.host}"
        )
    created = _create(server, package, name=name, cron=cron, experiment_id=experiment_id)
    for known in before:
        unschedule(server, known.schedule_id)
    return created


def _create(server: Server, package: Package, *, name: str, cron: str, experiment_id: str) -> Schedule:
    models = server.api_models
    wanted = models.V2beta1RecurringRun(
        display_name=name,
        pipeline_spec=package.spec,
        runtime_config=models.V2beta1RuntimeConfig(parameters=package.arguments | _due(package)),
        service_account=package.service_account,
        max_concurrency=1,
        trigger=models.V2beta1Trigger(cron_schedule=models.V2beta1CronSchedule(cron=cron)),
        mode=models.RecurringRunMode.ENABLE,
        no_catchup=True,
        experiment_id=experiment_id,
    )
    try:
        created = server.ask(server.recurring_runs.recurring_run_service_create_recurring_run, recurring_run=wanted)
    except NoAnswerError as error:
        raise PipelineError(
            f"{error}; the schedule may exist: see {server.host}/#/recurringruns before trying again"
        ) from error
    if not created.recurring_run_id:
        raise server.not_kubeflow()
    return _as_listed(created)


def list_schedules(server: Server, *, experiment: str) -> list[Schedule]:
    """The schedules of the experiment; InputError where there is no such experiment."""
    return _of_experiment(server, experiment_named(server, experiment))


def unschedule(server: Server, schedule_id: str) -> None:
    """Delete the schedule; its runs stay. InputError where there is none."""
    try:
        server.ask(server.recurring_runs.recurring_run_service_delete_recurring_run, recurring_run_id=schedule_id)
    except AbsentError as error:
        raise InputError(
            f"no schedule {schedule_id!r} at {server.host}; `metier pipeline list --schedules` shows which there are"
        ) from error


def _due(package: Package) -> dict[str, object]:
    return {name: macro for name, macro in DUE.items() if name in package.arguments}


def _of_experiment(server: Server, experiment_id: str) -> list[Schedule]:
    listed = server.read(
        server.recurring_runs.recurring_run_service_list_recurring_runs,
        page_token="",
        page_size=MOST_LISTED,
        sort_by="",
        experiment_id=experiment_id,
    )
    return [_as_listed(each) for each in listed.recurring_runs or []]


def _as_listed(told: Any) -> Schedule:
    cron = told.trigger.cron_schedule.cron if told.trigger and told.trigger.cron_schedule else ""
    return Schedule(told.recurring_run_id, told.display_name, cron, told.status or "")
