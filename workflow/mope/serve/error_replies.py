"""Error replies in the format of OpenAI's API."""

from fastapi.responses import JSONResponse

from mope.errors import visible


def error_reply(status: int, message: str, field: str | None = None, headers: dict | None = None) -> JSONResponse:
    """The reply with an HTTP `status`; `field` is the part of the question that the error is about."""
    kinds = {429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    field = None if field is None else visible(field)
    message = visible(message) if field is None else f"{field}: {visible(message)}"
    return JSONResponse(
        {"error": {"message": message, "type": kind, "param": field, "code": None}}, status, headers=headers
    )
