from tests.serving.conftest import world

__all__ = ["world"]
