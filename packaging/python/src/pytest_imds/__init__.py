"""The EC2 Instance Metadata Service for tests in Python."""

from ._metadata import ImdsError
from ._service import Imds, Request

__all__ = ["Imds", "ImdsError", "Request"]
