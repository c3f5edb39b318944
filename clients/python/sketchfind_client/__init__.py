"""Client of a Sketchfind server. It depends on httpx only."""

from sketchfind_client.async_client import AsyncClient
from sketchfind_client.client import Client
from sketchfind_client.errors import SketchfindError

__all__ = ["AsyncClient", "Client", "SketchfindError"]
