"""Logs of a replica hold no secret of its settings and no personal data, whoever writes them."""

import io
import logging

import pytest

from metier.errors import SettingsError
from metier.settings import Settings, load_settings
from serving.access.quiet_logs import keep_quiet, secrets_of

STORES = {
    "online_store_url": "redis://:p%40ss-of-valkey@127.0.0.1:1/0",
    "feature_registry_uri": "postgresql://metier:pass-of-postgres@127.0.0.1:1/metier",
    "llm_api_key": "sk-of-a-model",
}


@pytest.fixture
def logged():
    """What is logged once the settings' secrets are kept."""
    factory, text = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(text)
    logging.getLogger().addHandler(handler)
    keep_quiet(Settings(**STORES))
    yield text
    logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(factory)


def test_secrets_are_keys_and_the_passwords_of_urls():
    found = {secret for secret in secrets_of(Settings(**STORES)) if secret}
    assert found == {"p%40ss-of-valkey", "p@ss-of-valkey", "pass-of-postgres", "sk-of-a-model"}


def test_messages_and_tracebacks_are_masked(logged):
    try:
        raise ValueError(f"cannot reach {STORES['feature_registry_uri']} for ann@example.com")
    except ValueError:
        logging.getLogger("library").exception("%s failed, key %s, call +1 415 555 0132", "a store", "sk-of-a-model")
    assert "a store failed, key [secret], call [phone]" in logged.getvalue()
    assert "ValueError: cannot reach postgresql://metier:[secret]" in logged.getvalue()
    assert "Traceback" in logged.getvalue()
    for secret in (*STORES.values(), "pass-of-postgres", "ann@example.com", "555 0132"):
        assert secret not in logged.getvalue()


def test_versions_and_moments_stay_as_they_are(logged):
    line = "job_feed serves 20260301T000011.392971Z-36de0c05 as of 2026-03-01T00:05:50.423260Z, change 12345"
    logging.getLogger("metier").warning(line)
    assert line in logged.getvalue()


def test_a_message_that_does_not_fit_its_arguments_is_loggings_to_tell(logged):
    record = logging.getLogger("library").makeRecord("library", logging.INFO, "", 0, "%d of them", ("many",), None)
    assert (record.msg, record.args) == ("%d of them", ("many",))


def test_a_setting_that_cannot_be_used_is_named_without_its_value(monkeypatch):
    monkeypatch.setenv("METIER_ONLINE_STORE_URL", "http://:pass-of-valkey@127.0.0.1")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "METIER_ONLINE_STORE_URL" in str(refused.value)
    assert "pass-of-valkey" not in f"{refused.value} {refused.value.__cause__}"
