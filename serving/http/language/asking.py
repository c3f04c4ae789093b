"""The route by which questions about candidates are asked. Knows no stage and no model."""

from fastapi import FastAPI, Response

from serving.http.language.questions import Ask, AskResponse
from serving.http.replica import Replica


def add_asking_routes(app: FastAPI, replica: Replica) -> None:
    @app.post("/v1/ask", response_model=AskResponse)
    async def ask(request: Ask) -> Response:
        """Answer a question about candidates from what they show, each sentence with the spans that support it."""
        return await replica.ask(request)
