import shutil
from dataclasses import dataclass

import pytest

from components.language.taxonomy import shipped_taxonomy
from components.releases import Bundle
from components.releases.bundle import Origin
from serving.console import create_app
from serving.engine import Engine
from tests.serving.world import Client, World, served, wait_until

MARKUP = '<b id="injected">plumber</b>"><i id=injected>'
"""A title that would be seen in a page that does not escape it."""
REPORT = "<!doctype html><title>A report</title><style>p { color: green }</style><p>NDCG@10 .42</p>"


@dataclass(frozen=True)
class Shown:
    """A console, the world it shows, and the ids of a job and a person whose titles and texts hold markup."""

    client: Client
    world: World
    engine: Engine
    other: str
    """Name of another bundle of the job feed: the one that serves, with another decision."""
    job: str = "job_of_markup"
    person: str = "person_of_markup"

    @property
    def url(self) -> str:
        return self.client.url

    def get(self, path):
        return self.client.get(path)


def another_bundle(world):
    """Name of a second bundle of the job feed on this machine, with a candidate release."""
    pin = world.pins["job_feed"]
    (folder,) = (world.settings.bundles / pin.name).iterdir()
    bundle = Bundle.load(folder)
    written = Bundle.write(
        world.home / "another",
        origin=Origin(**{name: getattr(bundle.manifest, name) for name in Origin.__dataclass_fields__}),
        ensemble=bundle.ensemble,
        encoder=bundle.encoder,
        text_weights=bundle.text_weights,
        evaluation={},
        decision={"verdict": "refuse"},
        taxonomy=shipped_taxonomy(),
    )
    written.folder.rename(folder.with_name(f"{pin.version + 1}-{written.sha256[:12]}"))
    shutil.copytree(world.settings.candidates / bundle.version, world.settings.candidates / written.version)
    return written.version


@pytest.fixture(scope="session")
def console(world, tmp_path_factory):
    """A console over a copy of the world, in which two candidates carry markup, with a report on disk."""
    own = world.copy(tmp_path_factory.mktemp("console") / "home")
    page = own.settings.reports / "job_feed" / "a-run" / "evaluation.html"
    page.parent.mkdir(parents=True)
    page.write_text(REPORT)
    page.with_name("run.json").write_text('{"written_at": "2026-03-01T00:00:00+00:00", "bundle": "metier_job_feed 1"}')
    (own.home / "secret.html").write_text("not for everybody")
    (own.settings.reports / "link.html").symlink_to(own.home / "secret.html")
    other = another_bundle(own)
    engine = own.engine()
    with served(lambda: engine, create_app) as client:
        shown = Shown(client, own, engine, other)
        prose, skills = f"Mends pipes. {MARKUP}", ["plumbing", MARKUP]
        put = client.put(f"/v1/jobs/{shown.job}", {"title": MARKUP, "description": prose, "skills": skills})
        assert put.status_code == 202, put.text
        person = {"title": MARKUP, "overview": prose, "skills": skills, "hourly_rate_usd": 35}
        put = client.put(f"/v1/freelancers/{shown.person}", person)
        assert put.status_code == 202, put.text
        wait_until(lambda: engine.follower.sequence >= put.json()["sequence"])
        yield shown
    engine.close()
