"""Thirty tasks for the search assistant, counted by a checker that reads the lake. JSON out.

    python benchmarks/language/assisting.py                 a simulated METIER_HOME, the deterministic planner
    python benchmarks/language/assisting.py --model         the model at METIER_LLM_URL plans, and words answers

The tasks (tasked/tasks.jsonl) were written before the planner. Done means: everybody of the final shortlist keeps the
limits that the conversation asks for, as the lake has it; what had to be given up is said; comparisons, rates, drafts
and citations are the lake's values. Exits with status 1 where fewer than 27 are done.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from one_engine import engine_of, to_status, without_model
from tasked.checker import Turned, World, faults

from components.language.models.remote import REST_SECONDS
from metier.durable import write_whole
from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings, load_settings
from serving.language.assisting import Turn, assisted, begun
from serving.language.conversations import open_conversations

TASKS = Path(__file__).parent / "tasked" / "tasks.jsonl"
ENOUGH = 27
UNHURRIED_MS = 60_000.0


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="store_true", help="let the model at METIER_LLM_URL plan")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/assisting.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measured(arguments))


def measured(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    if arguments.model and not settings.llm_url:
        raise InputError("METIER_LLM_URL is not set; `make llm` serves a small model and says what to set")
    if not arguments.model:
        settings = without_model(settings)
    tasks = [json.loads(line) for line in TASKS.read_text().splitlines()]
    done, ms, wrong, degraded, planned = [], [], [], 0, Counter[str]()
    for task, turns, world in carried_out(tasks, settings):
        missing = list(dict.fromkeys(faults(task["expect"], turns, world)))
        done.append(not missing)
        wrong += [{"task": task["task"], "faults": missing[:5]}] if missing else []
        ends = [turn.events[-1] for turn in turns]
        ms += [end.used.ms for end in ends]
        degraded += sum(bool(end.degraded) for end in ends)
        planned.update(turn.events[0].planner for turn in turns)
    result: dict[str, Any] = {
        "tasks": len(tasks),
        "done": sum(done),
        "turn_ms": {f"p{at}": round(float(np.percentile(ms, at)), 1) for at in (50, 95)},
        "degraded_turns": degraded,
        "turns_planned_by": dict(planned),
        "model": settings.llm_url and settings.llm_model,
        "not_done": wrong,
    }
    print(json.dumps(result, indent=2))
    write_whole(
        arguments.out or settings.reports / "benchmarks" / "assisting.json", json.dumps(result, indent=2) + "\n"
    )
    return 0 if result["done"] >= ENOUGH else 1


def carried_out(
    tasks: list[dict[str, Any]], settings: Settings
) -> Iterator[tuple[dict[str, Any], list[Turned], World]]:
    """Each task's turns at the lake's clock, by a visitor, or by the client of the job that the task is for."""
    lake = Lake(settings.lake)
    conversations = open_conversations(settings)
    with engine_of(settings) as engine:
        world = World.of(lake, engine.taxonomy)
        job = min((row for row in world.jobs.values() if row["status"] == "open"), key=lambda row: row["job_id"])
        for task in tasks:
            surface = "talent_search" if task["side"] == "client" else "job_feed"
            actor = job["client_id"] if "{job}" in task["turns"][0] else ""
            turns: list[Turned] = []
            for text in task["turns"]:
                said = text.replace("{job}", job["job_id"])
                name = turns[-1].events[-1].conversation_id if turns else None
                turn = Turn(actor, said, surface, name, UNHURRIED_MS)
                conversation = begun(turn, engine, conversations)
                turns.append(Turned(said, tuple(assisted(turn, conversation, engine, conversations))))
                if turns[-1].events[-1].degraded and engine.model is not None:
                    time.sleep(REST_SECONDS)  # the next turn finds the model awake
            yield task, turns, world


if __name__ == "__main__":
    sys.exit(main())
