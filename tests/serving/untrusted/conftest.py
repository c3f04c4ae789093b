import pytest
from pydantic import SecretStr

from tests.serving.untrusted.market import KEY, fill, opened


@pytest.fixture(scope="session")
def market(world, tmp_path_factory):
    """An endpoint without a language model in a market of attempts, which nobody adds to."""
    with opened(world.copy(tmp_path_factory.mktemp("untrusted") / "home"), llm_api_key=SecretStr(KEY)) as market:
        fill(market.client, market)
        yield market
