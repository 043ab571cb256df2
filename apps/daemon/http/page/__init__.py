"""The live page: files that never change, each under one fixed address."""

from .serve import add_page

__all__ = ["add_page"]
