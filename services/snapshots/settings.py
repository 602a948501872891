"""Settings of snapshots: the shared ones only."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class SnapshotsSettings(ServiceSettings):
    """Read from `SIGMASIGHT_SNAPSHOTS_*`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_SNAPSHOTS_")
