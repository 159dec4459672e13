"""Django's settings: accounts, sessions and pages. Order data never goes through Django's ORM.

Django's own tables live in the schema `site`, written under the role `ordna_site`, which sees nothing else. What the
pages need of Django stands with them, in `ordna.web.setup`.
"""

from psycopg.conninfo import conninfo_to_dict

from ordna.site import place, unhandled
from ordna.web import setup

SCHEMA = "site"
ROLE = "ordna_site"

ORDNA_DATABASE = place.dsn()
ORDNA_HOME = place.home()
ORDNA_URL = place.public_url()
ORDNA_PRACTICE = place.practice()
ORDNA_PRACTICE_CARRIER = place.practice_carrier()

_DSN = conninfo_to_dict(ORDNA_DATABASE)
_SECURE = ORDNA_URL.startswith("https://")

SECRET_KEY = place.secret()
DEBUG = False
ALLOWED_HOSTS = place.hosts()
ROOT_URLCONF = "ordna.site.urls"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
APPEND_SLASH = False

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _DSN.get("dbname") or "",
        "USER": _DSN.get("user") or "",
        "PASSWORD": _DSN.get("password") or "",
        "HOST": _DSN.get("host") or "",
        "PORT": str(_DSN.get("port") or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": f"-c search_path={SCHEMA} -c role={ROLE} -c statement_timeout=10s",
            "connect_timeout": 2,
        },
    }
}

INSTALLED_APPS = setup.APPS
MIDDLEWARE = setup.MIDDLEWARE
TEMPLATES = setup.TEMPLATES
CONTENT_SECURITY_POLICY = setup.CONTENT_SECURITY_POLICY

LOGGING = unhandled.LOGGING

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
LOGIN_URL = "/sign-in/"

SESSION_COOKIE_NAME = "ordna_session"
SESSION_COOKIE_SECURE = _SECURE
CSRF_COOKIE_SECURE = _SECURE
CSRF_TRUSTED_ORIGINS = [ORDNA_URL]
globals().update(setup.SECURITY)
