"""Settings: what there is (`table`), read from the environment and `.env` (`load`) or an object (`source`)."""

from eventy.app.settings.load import load_settings
from eventy.app.settings.source import settings_from
from eventy.app.settings.table import Settings

__all__ = ["Settings", "load_settings", "settings_from"]
