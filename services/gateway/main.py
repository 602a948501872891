"""`uvicorn services.gateway.main:app`."""

from services.gateway.application import create_gateway

app = create_gateway()
