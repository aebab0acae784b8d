"""The EC2 Instance Metadata Service for tests in Python."""

from ._service import Imds, ImdsError, Request

__all__ = ["Imds", "ImdsError", "Request"]
