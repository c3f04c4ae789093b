"""The console: pages at `/` on which a person sees what an endpoint does. Reads, and changes nothing."""

from serving.console.routes import create_app

__all__ = ["create_app"]
