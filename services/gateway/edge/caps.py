"""How much one user may keep. Every figure is a setting; what operators do has no cap.

The caps stop what would fill the disk, not what is work: requests that are in progress together may
each pass a cap by what they write themselves.
"""

from services.gateway.settings import GatewaySettings
from shared.database import Session

_CAPS = "caps"


def keep_to_caps(session: Session, settings: GatewaySettings) -> None:
    """Hold what the transaction writes to the caps of the settings."""
    session.info[_CAPS] = settings


def caps_of(session: Session) -> GatewaySettings | None:
    """The settings whose caps hold; None for operators and the gateway's own work."""
    settings: GatewaySettings | None = session.info.get(_CAPS)
    return settings
