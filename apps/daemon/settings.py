"""The daemon's settings: those of a run, and sections of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eventvision.pipeline import RunConfig, config_schema, load_settings_file
from eventvision.sinks import MqttSettings

from .http.settings import HttpSettings


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Keep(_Section):
    """How long files are kept; the oldest go first."""

    days: float | None = Field(30.0, gt=0, le=36_500)
    """Files older than this are removed; null keeps them whatever their age."""

    gigabytes: float | None = Field(10.0, gt=0, le=1e6)
    """Files of one kind together take at most this much room; null for any."""

    free_gigabytes: float = Field(0.5, ge=0, le=1e6)
    """The disk keeps at least this much free: older files go, and nothing new begins."""


class RecorderSettings(_Section):
    """What is recorded: events as the camera gave them."""

    folder: Path = Path("recordings")
    """Where recordings go, named by the time at which they begin."""

    format: Literal["aedat4", "raw"] = "aedat4"
    """AEDAT4 keeps events, images, inertial samples and triggers; RAW (EVT3) takes less room."""

    when: Literal["alarm", "always", "by hand"] = "alarm"
    """Around alarms, all the time, or only when somebody asks for it."""

    pre_roll_s: float = Field(5.0, ge=0, le=600)
    """A recording begins so much before the alarm; kept in memory."""

    post_roll_s: float = Field(5.0, ge=0, le=3600)
    """It ends so much after the alarm's end."""

    longest_s: float = Field(600.0, ge=1, le=86_400)
    """A longer recording goes on in a new file, without a gap."""

    keep: Keep = Keep()
    """How long recordings are kept."""


class OutputsSettings(_Section):
    """Results as files that are begun anew from time to time."""

    folder: Path = Path("results")
    """Where they go, named by the time at which they begin."""

    formats: tuple[Literal["jsonl", "parquet"], ...] = ("jsonl",)
    """JSON lines survive a crash up to the last slice, Parquet up to the last finished file."""

    minutes: float = Field(60.0, ge=0.01, le=1440)
    """A file holds at most so much time."""

    megabytes: float = Field(64.0, ge=0.01, le=4096)
    """A file takes at most about so much room."""

    keep: Keep = Keep()
    """How long results are kept."""


class RerunSettings(_Section):
    """A Rerun viewer that shows results; pip install 'eventvision[rerun]'."""

    viewer: str = "rerun+http://127.0.0.1:9876/proxy"
    """Where it is; while nobody is there, nothing is sent."""

    most_per_s: float = Field(10.0, gt=0, le=1000)
    """Slices a second; those between are left out."""


class WatchdogSettings(_Section):
    """When something counts as stuck, and how often it is started again."""

    stage_s: float = Field(10.0, ge=1, le=3600)
    """A stage that is at the same packet or slice for so long is started again."""

    restarts: int = Field(5, ge=0, le=1000)
    """More restarts of a stage than this within `within_s` end the daemon with an error."""

    within_s: float = Field(60.0, ge=1, le=86_400)
    """See `restarts`."""

    wait_s: float = Field(0.5, ge=0.01, le=60)
    """Before the first restart; each further one within `within_s` waits twice as long."""

    memory_megabytes: float | None = Field(None, ge=50, le=1e6)
    """More memory than this ends the daemon in good order, so that it is started afresh."""


class LoggingSettings(_Section):
    """What is logged, to the standard error stream."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Anything less important is left out."""

    format: Literal["auto", "json", "journal", "text"] = "auto"
    """JSON lines, lines with the journal's priority, or plain ones; auto sees where it runs."""


class DaemonConfig(RunConfig):
    """All settings of the daemon: those of a run, and sections of its own."""

    recorder: RecorderSettings | None = None
    """Recording around alarms; null records nothing."""

    outputs: OutputsSettings | None = None
    """Results as files; null writes none."""

    mqtt: MqttSettings | None = None
    """A broker that results go to; null for none."""

    rerun: RerunSettings | None = None
    """A viewer on another machine; null for none."""

    http: HttpSettings | None = None
    """Health, metrics, an API and a live page; null for none."""

    watchdog: WatchdogSettings = WatchdogSettings()
    """When something counts as stuck."""

    logging: LoggingSettings = LoggingSettings()
    """What is logged."""

    gui: dict[str, Any] | None = Field(default=None, exclude=True)
    """The window's own section, which the daemon leaves alone."""

    @model_validator(mode="after")
    def _paths_of_a_run_are_not_the_daemons(self) -> DaemonConfig:
        for name in ("record", "results", "arrays", "video"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"no {name}: the daemon writes what recorder and outputs say, to new files"
                )
        return self

    @property
    def kept_us(self) -> int:
        """How much of the past is kept in memory."""
        seconds = self.pre_roll_s
        if self.recorder is not None:
            seconds = max(seconds, self.recorder.pre_roll_s)
        return round(seconds * 1e6)


def load_daemon_config(path: str | Path) -> DaemonConfig:
    """Read the daemon's settings.

    Raises:
        SourceNotFoundError: If there is no such file.
        ConfigFileError: If something in it cannot be used; tells all of it.
    """
    return load_settings_file(path, DaemonConfig)


def daemon_schema() -> dict[str, Any]:
    """Return the JSON schema of the daemon's settings."""
    return config_schema(DaemonConfig)
