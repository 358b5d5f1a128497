"""Settings: from the environment (`YINGCAI_WEB__PORT=8000`) or a `.env` file, with defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, computed_field
from pydantic_settings import BaseSettings, SettingsConfigDict

MEGABYTE = 1024 * 1024


class WebSettings(BaseModel):
    """The one web server, and the web chat on it.

    The server runs if anything needs it: the web chat, a messenger's webhook, metrics.
    """

    enabled: bool = True
    """Whether the web chat is served."""
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    public_url: str = ""
    """The address that people open (`https://yingcai.example.org`); the local address if empty."""
    trusted_proxies: str = "127.0.0.1"
    """Proxies whose word on a request's origin is trusted: network addresses, comma-separated."""

    @property
    def address_for_all(self) -> str:
        """The address that anybody can open; empty where there is none."""
        return self.public_url.rstrip("/") if self.enabled else ""


class TelegramSettings(BaseModel):
    """Telegram; it is on once there is a token."""

    token: SecretStr | None = None
    bot_name: str = ""
    """The bot's user name, for invitation links."""
    driver: Literal["ptb", "aiogram"] = "ptb"
    """The library that makes the calls: python-telegram-bot, or aiogram, which is an extra."""
    api_base: str = "https://api.telegram.org"
    proxy: str | None = None
    """`http://…` or `socks5://…`."""
    webhook_url: str = ""
    """The https address that Telegram calls; it must reach our `/telegram/webhook`. Empty means
    long polling."""
    webhook_secret: SecretStr | None = None
    """The secret that Telegram sends there: 1 to 256 of A-Z a-z 0-9 _ -; derived from the token if
    empty."""


class ModelSettings(BaseModel):
    """A model that may be asked where an answer is unsure; off unless it has a name and a place.

    Everything works without it.
    """

    base_url: str = ""
    """Any endpoint that speaks OpenAI's protocol (`http://127.0.0.1:8000/v1`); OpenAI's own if
    empty."""
    key: SecretStr | None = None
    name: str = ""
    timeout: float = Field(20.0, gt=0, le=120)
    """Time limit for the whole reply, in seconds."""
    monthly_tokens: int = Field(1_000_000, ge=0)
    """Tokens, in and out, that may be spent in a calendar month; 0 spends none."""

    @property
    def on(self) -> bool:
        return bool(self.name and (self.base_url or self.key))


class PackSettings(BaseSettings):
    """The settings that every command needs: where packs lie."""

    model_config = SettingsConfigDict(
        env_prefix="YINGCAI_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )

    data_dir: Path = Path("data")
    """The folder of the SQLite file, kept files and incoming uploads."""
    programmes_dir: Path | None = None
    """The folder of an office's own packs, used besides the built-in ones; `programmes` in
    `data_dir` if empty."""

    @property
    def packs_dir(self) -> Path:
        return self.programmes_dir or self.data_dir / "programmes"


class Settings(PackSettings):
    database_url: str = ""
    """SQLite or PostgreSQL; a SQLite file under `data_dir` if empty."""
    file_limit: int = Field(20 * MEGABYTE, ge=1024)
    """Maximum bytes of one file."""
    history_days: int = Field(180, ge=15)
    """Days for which chat messages are kept, so that the web chat can show them; records stay."""
    log_format: Literal["text", "json"] = "text"
    metrics: bool = False
    """Serve Prometheus metrics at `/metrics`: to this machine only, unless there is a token."""
    metrics_token: SecretStr | None = None
    """The bearer token for `/metrics`; with it set, requests without it are refused."""
    web: WebSettings = WebSettings()
    telegram: TelegramSettings = TelegramSettings()
    model: ModelSettings = ModelSettings()

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def database(self) -> str:
        """The database's URL, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'yingcai.db'}"

    @property
    def files_dir(self) -> Path:
        return self.data_dir / "files"

    @property
    def keys_dir(self) -> Path:
        """Where the private keys lie that sign certificates."""
        return self.data_dir / "keys"

    @property
    def site_url(self) -> str:
        """The address that people open in a browser."""
        host = f"[{self.web.host}]" if ":" in self.web.host else self.web.host
        return self.web.public_url.rstrip("/") or f"http://{host}:{self.web.port}"

    def invitation_links(self, code: str) -> dict[str, str]:
        """What opens the door with a code, by messenger, the most useful first."""
        links = {}
        if self.web.enabled:
            links["web"] = f"{self.site_url}/join/{code}"
        if self.telegram.bot_name:
            bot = self.telegram.bot_name.removeprefix("@")
            links["telegram"] = f"https://t.me/{bot}?start={code}"
        return links
