from datetime import UTC, datetime
from pathlib import Path

import pytest

from metier.errors import SettingsError
from metier.settings import load_settings


def test_state_lives_beside_the_checkout_by_default(monkeypatch):
    monkeypatch.delenv("METIER_HOME", raising=False)
    assert load_settings().home == Path(__file__).resolve().parents[2] / ".metier"


def test_metier_home_moves_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("METIER_HOME", str(tmp_path))
    settings = load_settings()
    assert settings.lake == str(tmp_path / "lake")
    assert settings.features == tmp_path / "features"


def test_a_clock_without_a_zone_is_utc(monkeypatch):
    monkeypatch.setenv("METIER_AS_OF", "2026-03-01T12:00:00")
    assert load_settings().as_of == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_clock_that_is_none_names_its_variable(monkeypatch):
    monkeypatch.setenv("METIER_AS_OF", "yesterday")
    with pytest.raises(SettingsError, match="METIER_AS_OF"):
        load_settings()


@pytest.mark.parametrize("name", ["METIER_ONLINE_STORE_URL", "METIER_FEATURE_REGISTRY_URI"])
def test_a_store_of_another_kind_is_refused_by_the_name_of_its_variable(monkeypatch, name):
    monkeypatch.setenv(name, "mysql://host/metier")
    with pytest.raises(SettingsError, match=rf"{name} cannot be used: .*it has to start with (redis|postgresql)://"):
        load_settings()


SHARED = {"METIER_ONLINE_STORE_URL": "redis://host", "METIER_FEATURE_REGISTRY_URI": "postgresql://host/metier"}


@pytest.mark.parametrize("alone", SHARED)
def test_one_shared_store_without_the_other_is_refused(monkeypatch, alone):
    monkeypatch.setenv(alone, SHARED[alone])
    with pytest.raises(SettingsError, match=r"^METIER_ONLINE_STORE_URL and METIER_FEATURE_REGISTRY_URI go together; "):
        load_settings()


def test_both_shared_stores_are_taken(monkeypatch):
    for name, url in SHARED.items():
        monkeypatch.setenv(name, url)
    assert load_settings().online_store_url == "redis://host"


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "/some/folder", "sqlite://", "mysql://root@host/metier"])
def test_a_registry_of_another_kind_is_refused_by_the_name_of_its_variable(monkeypatch, uri):
    monkeypatch.setenv("METIER_REGISTRY_URI", uri)
    with pytest.raises(SettingsError, match=r"^METIER_REGISTRY_URI cannot be used: .*sqlite:///PATH or postgresql://"):
        load_settings()


@pytest.mark.parametrize("uri", ["sqlite:////srv/mlflow.db", "postgresql://host/mlflow", "postgresql+psycopg://host/m"])
def test_a_registry_of_sqlite_or_postgres_is_taken(monkeypatch, uri):
    monkeypatch.setenv("METIER_REGISTRY_URI", uri)
    assert load_settings().registry == uri


@pytest.mark.parametrize(
    ("name", "text"),
    [("METIER_LANGUAGE", "klingon"), ("METIER_ONLINE_STORE_URL", "x"), ("METIER_FEATURE_REGISTRY_URI", "x")],
)
def test_a_refusal_is_in_our_words_alone(monkeypatch, name, text):
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "Value error" not in str(refused.value)


def test_the_address_of_a_ray_cluster_is_read_from_rays_own_variable(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "ray-head:6379")
    assert load_settings().ray_address == "ray-head:6379"
    monkeypatch.delenv("RAY_ADDRESS")
    assert load_settings().ray_address == ""


def test_what_a_library_names_is_read_under_the_librarys_name(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "ray://head:10001")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", "/var/run/token")
    settings = load_settings()
    assert (settings.ray_address, settings.kubeflow_token_path) == ("ray://head:10001", "/var/run/token")


@pytest.mark.parametrize(("name", "code"), [("de", "de"), (" German", "de"), ("FR", "fr"), (None, "en")])
def test_a_language_is_given_by_code_or_name(monkeypatch, name, code):
    monkeypatch.delenv("METIER_LANGUAGE", raising=False)
    if name is not None:
        monkeypatch.setenv("METIER_LANGUAGE", name)
    assert load_settings().language == code


def test_a_language_without_a_stemmer_names_its_variable(monkeypatch):
    monkeypatch.setenv("METIER_LANGUAGE", "klingon")
    with pytest.raises(
        SettingsError, match=r"METIER_LANGUAGE cannot be used: .*unknown language 'klingon'; use one of"
    ):
        load_settings()


def test_a_model_is_set_with_its_name_and_its_key_is_shown_nowhere(monkeypatch):
    monkeypatch.setenv("METIER_LLM_URL", "http://127.0.0.1:8080/v1")
    with pytest.raises(SettingsError, match="METIER_LLM_MODEL is not"):
        load_settings()
    monkeypatch.setenv("METIER_LLM_MODEL", "tiny")
    monkeypatch.setenv("METIER_LLM_API_KEY", "sk-secret")
    settings = load_settings()
    assert settings.llm_api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize("url", ["http://key@host/v1", "http://user:key@host/v1", "ftp://host/v1"])
def test_an_address_of_a_model_holds_no_key(monkeypatch, url):
    monkeypatch.setenv("METIER_LLM_URL", url)
    monkeypatch.setenv("METIER_LLM_MODEL", "tiny")
    with pytest.raises(SettingsError, match="METIER_LLM_URL cannot be used") as caught:
        load_settings()
    assert "user:key" not in str(caught.value)
