"""Settings of the assembled site; everything a district may set comes from ``QUANYU_…`` in the environment.

The list with meanings and defaults is ``docs/reference/settings.md``; a test keeps it complete.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from quanyu.site import environment

PACKAGE = Path(__file__).resolve().parent.parent


# Everything Quanyu writes: the SQLite database, uploads, derived map tiles, the secret key.
HOME = environment.folder("QUANYU_HOME", "var")


def _secret_key() -> str:
    if key := os.environ.get("QUANYU_SECRET_KEY"):
        return key
    path = HOME / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


SECRET_KEY = _secret_key()
DEBUG = environment.flag("QUANYU_DEBUG")
ALLOWED_HOSTS = environment.words("QUANYU_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.words("QUANYU_ORIGINS")
if environment.flag("QUANYU_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "quanyu.apps.accounts",
    "quanyu.apps.audit",
    "quanyu.apps.registers",
    "quanyu.apps.territory",
    "quanyu.apps.grids",
    "quanyu.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "quanyu.web.security.NoNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "quanyu.web.security.ContentPolicyMiddleware",
    "quanyu.web.busy.BusyMiddleware",
    "quanyu.api.one_shape.OneShapeMiddleware",
]

ROOT_URLCONF = "quanyu.site.urls"
WSGI_APPLICATION = "quanyu.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates", PACKAGE / "api" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "quanyu.web.context.site",
            ],
        },
    }
]

DATABASES = {"default": environment.database("QUANYU_DATABASE_URL", HOME / "quanyu.sqlite3")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers never wait for the writer; a writer waits for another instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
    }
    # Sessions lie beside the database, so that nobody's sign-in waits while a file is taken in.
    SESSION_ENGINE = "django.contrib.sessions.backends.file"
    SESSION_FILE_PATH = str(HOME / "sessions")
    Path(SESSION_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "map"
LOGOUT_REDIRECT_URL = "map"
SESSION_COOKIE_AGE = 8 * 3600

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
# Static files come from the package itself: a site is served without a collecting step.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600
# Uploads may be large; they are spooled to disk and never held in memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# A batch of ten thousand points, written at length.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
FILE_UPLOAD_TEMP_DIR = os.environ.get("QUANYU_UPLOAD_DIR") or None
QUANYU_UPLOAD_LIMIT_MB = environment.whole_number("QUANYU_UPLOAD_LIMIT_MB", 500, low=1)

# A background of the district's own (raster tiles); empty: only the site's data, no other host.
QUANYU_BASEMAP_URL = os.environ.get("QUANYU_BASEMAP_URL", "")
QUANYU_BASEMAP_ATTRIBUTION = os.environ.get("QUANYU_BASEMAP_ATTRIBUTION", "")
# Printed on maps that are published: the review number the district got for them (审图号).
QUANYU_MAP_REVIEW_NUMBER = os.environ.get("QUANYU_MAP_REVIEW_NUMBER", "")
# Smaller counts of households are not shown to the public: they would tell of single homes.
QUANYU_PUBLIC_MINIMUM = environment.whole_number("QUANYU_PUBLIC_MINIMUM", 3, low=1)
QUANYU_GRID_CODE_PATTERN = os.environ.get("QUANYU_GRID_CODE_PATTERN", "{division}{number:03d}")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Who is refused is told by the answer; the log is for what went wrong here.
    "loggers": {"django.request": {"level": "ERROR"}},
    "root": {
        "handlers": ["stderr"],
        "level": environment.one_of("QUANYU_LOG_LEVEL", "WARNING", ("DEBUG", "INFO", "WARNING", "ERROR")),
    },
}
