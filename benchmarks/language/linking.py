"""Skills linked in texts that nobody here wrote, beside exact string match, with intervals over texts.

`python benchmarks/language/linking.py [--seeds 0 1 2] [--esco FOLDER] [--out FILE]`: precision, recall and F1 at 5, 10
and 20 of the skills linked in a text against those given for it, their paired differences, and CPU time a
text. Texts: posts and profiles of simulated worlds, by the part of their taxonomy that a platform is told; of ESCO
in FOLDER (esco_s.json.gz, esco_o.json.gz) the 40% of alternative labels that a taxonomy of the others is not told, and
descriptions of skills and occupations by all labels. Exact match is of whole
words without regard to case: of labels, and of labels and aliases.
"""

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from components.language.taxonomy import Skill, Taxonomy
from components.measures import mean_interval, paired_difference
from components.simulator import SimulatorConfig, simulate
from components.simulator.taxonomy import full_taxonomy, platform_taxonomy, typos_of, visible
from metier.durable import write_whole
from metier.stored import as_plain

CUTS = (5, 10, 20)
ESCO = Path(__file__).resolve().parents[3] / "shared" / "data" / "esco_taxonomy"

Linker = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Text:
    """A text, and the ids of the skills that are given for it."""

    text: str
    given: frozenset[str]


def by_mentions(taxonomy: Taxonomy) -> Linker:
    """Ids of the skills that a text names, the most often named first, then in its order."""
    return lambda text: [skill for skill, _ in Counter(m.skill_id for m in taxonomy.mentions(text)).most_common()]


def by_exact_match(names: Iterable[tuple[str, str]]) -> Linker:
    """The same of (name, id) by whole words as they are spelled, the longest name at each place."""
    ids: dict[str, str] = {}
    for name, skill_id in names:
        ids.setdefault(name.lower(), skill_id)
    longest_first = sorted(ids, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    return lambda text: [
        skill for skill, _ in Counter(ids[name] for name in pattern.findall(text.lower())).most_common()
    ]


def measured(linker: Linker, texts: Sequence[Text]) -> tuple[dict[str, np.ndarray], float]:
    """Each measure by text, and microseconds a text; the precision of a text in which nothing is linked is NaN."""
    linker(texts[0].text)
    begun = time.process_time()
    linked = [linker(text.text) for text in texts]
    spent = (time.process_time() - begun) / len(texts)
    values: dict[str, list[float]] = {}
    for found, text in zip(linked, texts, strict=True):
        for cut in CUTS:
            hits = len(text.given.intersection(found[:cut]))
            values.setdefault(f"precision_at_{cut}", []).append(hits / min(cut, len(found)) if found else np.nan)
            values.setdefault(f"recall_at_{cut}", []).append(hits / len(text.given))
            shown = min(cut, len(found)) + len(text.given)
            values.setdefault(f"f1_at_{cut}", []).append(2 * hits / shown)
    return {name: np.array(each) for name, each in values.items()}, 1e6 * spent


def compared(taxonomy: Taxonomy, texts: Sequence[Text]) -> dict[str, Any]:
    labels = [(skill.label, skill.id) for skill in taxonomy.skills.values()]
    aliases = [(alias, skill.id) for skill in taxonomy.skills.values() for alias in skill.aliases]
    ways = {
        "linker": by_mentions(taxonomy),
        "exact_labels": by_exact_match(labels),
        "exact_labels_and_aliases": by_exact_match([*labels, *aliases]),
    }
    results = {name: measured(linker, texts) for name, linker in ways.items()}
    numbers = np.arange(len(texts))
    report: dict[str, Any] = {"texts": len(texts), "skills": len(taxonomy), "digest": taxonomy.digest}
    for name, (values, spent) in results.items():
        report[name] = {"microseconds": round(spent, 1), **_intervals(values, numbers)}
    for name in ("exact_labels", "exact_labels_and_aliases"):
        differences = {
            measure: as_plain(paired_difference(values, results[name][0][measure], numbers))
            for measure, values in results["linker"][0].items()
        }
        report[f"linker_minus_{name}"] = differences
    return report


def _intervals(values: dict[str, np.ndarray], numbers: np.ndarray) -> dict[str, Any]:
    return {name: as_plain(mean_interval(each, numbers)) for name, each in values.items()}


def told_taxonomy() -> Taxonomy:
    """What a platform is told of the simulated world: every skill, and 60% of the synonyms."""
    told = platform_taxonomy()
    aliases: dict[str, list[str]] = {}
    for synonym, skill in told.synonyms.items():
        aliases.setdefault(skill, []).append(synonym)
    return Taxonomy(Skill(s, s, tuple(aliases.get(s, ())), category) for s, category in told.skills.items())


def simulated(seed: int) -> list[Text]:
    """Newest texts of posts and profiles of a world, with the skills that its generator was handed."""
    world = full_taxonomy()
    skills = {skill.lower(): skill for skill in world.skills}
    for skill, synonyms in zip(world.skills, world.synonyms, strict=True):
        skills |= {spelled.lower(): skill for spelled in (*synonyms, *typos_of(skill)) if spelled.lower() not in skills}
    newest: dict[tuple[str, str], Text] = {}

    def take(name: str, rows: Any) -> None:
        if name not in ("freelancers", "jobs"):
            return
        key, prose = ("freelancer_id", "overview") if name == "freelancers" else ("job_id", "description")
        for row in rows.to_pylist():
            given = frozenset(skills[spelled.lower()] for spelled in row["skills"] if spelled.lower() in skills)
            if given:
                newest[name, row[key]] = Text(f"{row['title']}\n{row[prose]}", given)

    config = SimulatorConfig(freelancers=600, jobs=400, impressions=2_000, days=30, seed=seed)
    with TemporaryDirectory() as truth:
        simulate(config, take, Path(truth))
    return list(newest.values())


def esco(folder: Path) -> Iterator[tuple[str, Taxonomy, list[Text]]]:
    """(name, taxonomy, texts): hidden labels and descriptions with their skill, occupations with their skills."""
    skills, occupations = (
        json.loads(gzip.decompress((folder / n).read_bytes())) for n in ("esco_s.json.gz", "esco_o.json.gz")
    )
    taxonomy = Taxonomy(Skill(s["uri"], s["label"], tuple(s["altLabel"]), "", s["skillType"]) for s in skills)
    told = Taxonomy(Skill(s["uri"], s["label"], tuple(visible(s["altLabel"])), "", s["skillType"]) for s in skills)
    hidden = [
        Text(alias, frozenset([s["uri"]]))
        for s in skills
        for alias in s["altLabel"]
        if alias != s["label"] and alias not in told.skills[s["uri"]].aliases
    ]
    yield "esco_alternative_labels", told, hidden
    yield "esco_skills", taxonomy, [Text(s["description"], frozenset([s["uri"]])) for s in skills if s["description"]]
    by_label = {skill.label: skill.id for skill in taxonomy.skills.values()}
    given = ((o["description"], frozenset(by_label[s] for s in o["skill"] if s in by_label)) for o in occupations)
    yield "esco_occupations", taxonomy, [Text(text, of) for text, of in given if text and of]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="worlds to simulate")
    parser.add_argument("--esco", type=Path, default=ESCO, help="folder of ESCO's lists; left out where absent")
    parser.add_argument("--out", type=Path, help="write the JSON here too")
    arguments = parser.parse_args()
    told = told_taxonomy()
    results = {f"simulated_{seed}": compared(told, simulated(seed)) for seed in arguments.seeds}
    if arguments.esco.exists():
        results |= {name: compared(taxonomy, texts) for name, taxonomy, texts in esco(arguments.esco)}
    report = json.dumps(results, indent=2)
    if arguments.out:
        write_whole(arguments.out, report)
    print(report)


if __name__ == "__main__":
    main()
