"""Routes of one body that are asked often: a body that was parsed is validated once, and given to who answers.

FastAPI looks for dependencies, parses again and copies; of what cannot be used it says what is wrong, as everywhere.
Knows no field.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError

from serving.http.middleware import PARSED


class LeanRoute(APIRoute):
    """A route whose function takes one body, a model, and gives a Response."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Answers what is valid at once, and leaves all else to FastAPI."""
        otherwise, answer = super().get_route_handler(), self.endpoint
        model: Any = None if self.body_field is None else self.body_field.field_info.annotation

        async def handle(request: Request) -> Response:
            sent = request.scope.get(PARSED)
            if not isinstance(sent, dict):
                return await otherwise(request)
            try:
                body = model.model_validate(sent)
            except ValidationError:
                return await otherwise(request)
            response: Response = await answer(body)
            return response

        return handle
