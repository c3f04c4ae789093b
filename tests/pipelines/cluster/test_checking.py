"""The package check against the verdicts of a real server, row by row, and what a cluster fails on later."""

import copy
import json

import pytest
import yaml
from kfp import compiler, dsl

from pipelines.cluster import failures, load_cluster, needs, refusals
from pipelines.local import compile_package
from tests.pipelines.cluster.test_settings import SHIPPED
from tests.pipelines.command import assert_one_line, metier

CLOCK = {"as_of": "2026-03-01T00:00:00+00:00", "inputs_digest": "d"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return compile_package("query_model", tmp_path_factory.mktemp("package") / "p.yaml", load_cluster(SHIPPED))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    return compile_package("training", tmp_path_factory.mktemp("package") / "p.yaml", load_cluster(SHIPPED))


@pytest.fixture
def training(compiled):
    """(spec, platform) of a fitted package, to be spoilt."""
    return list(yaml.safe_load_all(compiled.read_text()))


def said(faults):
    return [fault.render() for fault in faults]


# The rows of the server's verdicts


def test_text_for_an_integer_is_refused(file):
    spec = next(yaml.safe_load_all(file.read_text()))
    assert said(refusals(spec, {"inputs_digest": "d", "steps": "many"})) == [
        "pipeline metier-query-model: steps is 'many', not of type NUMBER_INTEGER; correct the argument"
    ]


def test_an_unknown_parameter_is_refused(file):
    spec = next(yaml.safe_load_all(file.read_text()))
    assert said(refusals(spec, {"inputs_digest": "d", "step": 3})) == [
        "pipeline metier-query-model has no parameter 'step'; give only: base, inputs_digest, steps, workers"
    ]


def test_a_fraction_for_an_integer_is_accepted(file):
    assert refusals(next(yaml.safe_load_all(file.read_text())), {"inputs_digest": "d", "steps": 4.5}) == []


def test_defaults_alone_are_accepted_and_what_only_the_cluster_knows_is_listed(training):
    """A service account, a claim or a secret that does not exist is taken, and the pod fails later."""
    assert refusals(training[0], CLOCK) == []
    assert failures(*training) == []
    assert needs(*training) == {
        "argument": ["as_of", "inputs_digest"],
        "image": ["registry.example.org/metier-python-steps:0.1.0"],
        "volume claim": ["metier-home"],
        "secret": [
            "metier-registry, key uri",
            "metier-stores, key changes",
            "metier-stores, key feature-registry",
            "metier-stores, key online-store",
        ],
    }


def test_a_missing_schema_version_is_refused(training):
    del training[0]["schemaVersion"]
    assert said(refusals(training[0])) == [
        "the package has schema version None, servers take 2.1.0; compile the package again"
    ]


def test_a_producer_that_does_not_exist_is_refused_with_the_tasks_name(training):
    loop = training[0]["components"]["comp-for-loop-1"]["dag"]["tasks"]["evaluate-ensemble"]
    loop["inputs"]["artifacts"]["held_out"]["taskOutputArtifact"]["producerTask"] = "build-training-sets"
    assert said(refusals(training[0])) == [
        "task evaluate-ensemble: the task 'build-training-sets' that it waits for does not exist; "
        "compile the package again"
    ]


def test_a_component_that_does_not_exist_is_refused_with_the_tasks_name(training):
    training[0]["root"]["dag"]["tasks"]["plan-training"]["componentRef"]["name"] = "comp-plan"
    (line,) = said(refusals(training[0]))
    assert line.startswith("task plan-training: its component 'comp-plan' does not exist")


def test_an_executor_that_does_not_exist_is_refused_with_the_tasks_name(training):
    training[0]["components"]["comp-train-ranker"]["executorLabel"] = "exec-train"
    (line,) = said(refusals(training[0]))
    assert line.startswith("task train-ranker: its executor 'exec-train' does not exist")


@pytest.mark.parametrize("name", ["Metier", "metier_training", "metier!", "", "x" * 64])
def test_a_name_that_kubernetes_does_not_take_is_refused(training, name):
    training[0]["pipelineInfo"]["name"] = name
    (line,) = said(refusals(training[0]))
    assert line.startswith(f"pipeline name {name!r} is not 1 to 63")


@pytest.mark.parametrize("name", ["n", "y", "on", "off", "yes", "no", "No", True])
def test_a_parameter_that_yaml_reads_as_a_boolean_is_refused(training, name):
    parameters = training[0]["root"]["inputDefinitions"]["parameters"]
    parameters[name] = {"parameterType": "STRING"}
    (line,) = said(refusals(training[0]))
    assert line == f"pipeline metier-training: parameter {name!r} is a boolean to YAML 1.1; rename it"


# What a server takes and a cluster fails on


def test_a_package_that_no_cluster_was_given_for_lacks_everything(tmp_path):
    spec = next(yaml.safe_load_all(compile_package("monitoring", tmp_path / "p.yaml").read_text()))
    assert [fault.fact.partition(",")[0].partition(" 'metier")[0] for fault in failures(spec, {})] == [
        "its image", "METIER_HOME is on no volume", "it asks for no memory", "it may run as root",
    ]  # fmt: skip
    assert {fault.task for fault in failures(spec, {})} == {"monitor-features"}
    assert all("--cluster" in fault.mend for fault in failures(spec, {}))


@pytest.mark.parametrize("image", ["steps:1", "example.org/steps", "example.org/steps:latest", "localhost:5000/steps"])
def test_an_image_that_nodes_cannot_pull_or_that_changes_is_a_fault(training, image):
    training[0]["deploymentSpec"]["executors"]["exec-train-ranker"]["container"]["image"] = image
    (line,) = said(failures(*training))
    assert line.startswith(f"task train-ranker: its image {image!r} lacks a registry, or a tag that stays")


@pytest.mark.parametrize("image", ["localhost:5000/steps:1", "example.org/a/b@sha256:" + "0" * 64])
def test_an_image_with_its_registry_and_a_tag_or_a_digest_is_none(training, image):
    for executor in training[0]["deploymentSpec"]["executors"].values():
        executor["container"]["image"] = image
    assert failures(*training) == []


def test_a_step_that_writes_to_a_service_is_not_cached(training):
    training[0]["root"]["dag"]["tasks"]["register-ensemble"]["cachingOptions"] = {"enableCache": True}
    (line,) = said(failures(*training))
    assert line == (
        "task register-ensemble: it writes to a service and may be answered from a cache; "
        "call set_caching_options(False) on it"
    )


@dsl.component(base_image="example.org/steps:1")
def record(outcome: str) -> None:
    print(outcome)


@dsl.component(base_image="example.org/steps:1", install_kfp_package=False)
def work() -> None:
    pass


@dsl.pipeline(name="handled")
def handled(outcome: str = "ended"):
    with dsl.ExitHandler(record(outcome=outcome)):
        work()


@dsl.pipeline(name="going-on")
def going_on():
    work().after(work()).ignore_upstream_failure()


def test_a_task_that_ignores_failures_before_it_may_be_cached(tmp_path):
    compiler.Compiler().compile(going_on, str(tmp_path / "p.yaml"))
    facts = {fault.fact for fault in failures(next(yaml.safe_load_all((tmp_path / "p.yaml").read_text())), {})}
    assert not [fact for fact in facts if "cache" in fact]


def test_an_exit_handler_is_not_cached_and_nothing_is_installed_at_run_time(tmp_path):
    compiler.Compiler().compile(handled, str(tmp_path / "p.yaml"))
    facts = {
        (fault.task, fault.fact) for fault in failures(next(yaml.safe_load_all((tmp_path / "p.yaml").read_text())), {})
    }
    assert ("record", "it is an exit handler and may be answered from a cache") in facts
    assert ("record", "it installs packages when it starts") in facts
    assert ("work", "it installs packages when it starts") not in facts


# The command


def test_the_command_tells_every_fault_at_once_and_fails(training, tmp_path):
    spoilt = copy.deepcopy(training)
    spoilt[0]["pipelineInfo"]["name"] = "Metier"
    spoilt[0]["components"]["comp-train-ranker"]["executorLabel"] = "exec-train"
    path = tmp_path / "training.yaml"
    path.write_text(yaml.safe_dump_all(spoilt))
    done = metier(tmp_path, "check", str(path), "--argument", "surfaces=job_feed", "--argument", "as_of=now")
    assert_one_line(done, 1, "4 faults")
    assert [line.split(": ")[-1] for line in done.stdout.splitlines()] == [
        "pipeline name 'Metier' is not 1 to 63 of a-z, 0-9 and inner '-'; rename the pipeline",
        "surfaces is 'job_feed', not of type LIST; correct the argument",
        "inputs_digest has no default and is not given; give it",
        "its executor 'exec-train' does not exist; compile the package again",
    ]


def test_the_command_lists_what_a_sound_package_needs(file, tmp_path):
    done = metier(tmp_path, "check", str(file), "--argument", 'inputs_digest="d"', "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["faults"], told["needs"]["volume claim"]) == ([], ["metier-home"])


def test_what_is_no_package_is_a_mistake_of_the_caller(tmp_path):
    (tmp_path / "p.yaml").write_text("root: text\n")
    assert_one_line(metier(tmp_path, "check", str(tmp_path / "p.yaml")), 2, "is no package of a pipeline")
    assert_one_line(metier(tmp_path, "check", str(tmp_path / "gone.yaml")), 2, "gone.yaml: No such file")
