import builtins
import logging
from pathlib import Path

from pipelines.progress import RunLog, output_restored


def read(tmp_path: Path, *lines: str) -> tuple[list[str], str]:
    shown: list[str] = []
    with RunLog(tmp_path / "run.log", shown.append) as log:
        log.write("\n".join(lines) + "\n")
    return shown, log.failure()


def test_a_step_is_announced_when_it_starts_and_marked_when_it_ends(tmp_path):
    shown, _ = read(
        tmp_path,
        "10:00:00 - INFO - Executing task \x1b[96m'train-xgboost'\x1b[0m",
        "10:00:01 - INFO - Task \x1b[96m'train-xgboost'\x1b[0m finished with status \x1b[92mSUCCESS\x1b[0m",
    )
    assert shown[0] == "  ▸ train-xgboost"
    assert shown[1].startswith("  ✓ train-xgboost (")


def test_what_a_step_says_is_shown_and_what_libraries_say_is_not(tmp_path):
    shown, _ = read(tmp_path, "    metier: 12 rows joined", "    some library: chatter")
    assert shown == ["      12 rows joined"]


def test_the_last_error_is_the_failure_and_everything_is_in_the_file(tmp_path):
    shown, failure = read(tmp_path, "    metier.errors.ValidationError: jobs: 3 rows without a title", "bye")
    assert failure == "ValidationError: jobs: 3 rows without a title"
    assert shown == []
    assert "3 rows without a title" in (tmp_path / "run.log").read_text()


def test_what_kfp_refuses_of_a_step_in_a_loop_is_a_failure_unless_the_step_gave_one(tmp_path):
    refused = "10:00:02 - ERROR - Task for-loop-1-iteration-0 failed with exception: Failed to parse NaN"
    assert read(tmp_path, refused)[1] == "Failed to parse NaN"
    assert read(tmp_path, "    ValueError: the step's own", refused)[1] == "ValueError: the step's own"


def test_a_line_may_arrive_in_pieces(tmp_path):
    shown: list[str] = []
    with RunLog(tmp_path / "run.log", shown.append) as log:
        log.write("metier: one")
        assert shown == []
        log.write(" row\n")
    assert shown == ["      one row"]


def test_what_kfps_steps_side_by_side_leave_behind_is_put_right():
    from kfp.local.logging_utils import indented_print, local_logger_context

    own_print, handlers, level = builtins.print, logging.getLogger().handlers[:], logging.getLogger().level
    with output_restored():
        steps = [context() for _ in range(2) for context in (indented_print, local_logger_context)]
        for step in steps:
            step.__enter__()
        for step in steps:  # the first to begin ends first, as threads may
            step.__exit__(None, None, None)
        assert builtins.print is not own_print
    assert builtins.print is own_print
    assert (logging.getLogger().handlers, logging.getLogger().level) == (handlers, level)
