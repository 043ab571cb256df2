"""The daemon's HTTP side: health, metrics, an API, a live page (docs/daemon-http.md)."""

from .passwords import hash_password
from .server import HttpServer
from .settings import HttpSettings, User
from .state import State

__all__ = ["HttpServer", "HttpSettings", "State", "User", "hash_password"]
