"""`uvicorn services.gateway.main:app`."""

from services.gateway.api.application import create_gateway

app = create_gateway()
