"""Settings, all of them from the environment by typed readers; what is not set has a default that is safe."""

from pathlib import Path
from typing import Any

from governance import env, logs

BASE_DIR = Path(__file__).resolve().parent.parent

# --- the installation -------------------------------------------------------------------------------------------------
PROBITY_HOME = env.folder("PROBITY_HOME", BASE_DIR / "var")
PROBITY_DEMO = env.flag("PROBITY_DEMO")
PROBITY_SANDBOX = env.choice("PROBITY_SANDBOX", "landlock+seccomp", ("landlock+seccomp", "container", "none"))
PROBITY_SANDBOX_IMAGE = env.text("PROBITY_SANDBOX_IMAGE", "probity:local")  # read where a container is started
PROBITY_NER_MODEL = env.text("PROBITY_NER_MODEL")
PROBITY_RECOGNIZERS = env.text("PROBITY_RECOGNIZERS")
PROBITY_SCAN_LANGUAGES = env.words("PROBITY_SCAN_LANGUAGES", ("en",))
PROBITY_PUBLIC_URL = env.web_address("PROBITY_PUBLIC_URL", "http://127.0.0.1:8000")
PROBITY_RUN_LEASE_SECONDS = env.integer("PROBITY_RUN_LEASE_SECONDS", 60, least=5, most=3600)
PROBITY_LEDGER_EXPORT = env.text("PROBITY_LEDGER_EXPORT", str(PROBITY_HOME / "ledger" / "export"))
PROBITY_LEDGER_COPIES = env.words("PROBITY_LEDGER_COPIES")
PROBITY_LEDGER_POLICY = env.text("PROBITY_LEDGER_POLICY")
PROBITY_RECEIPT_SECONDS = env.integer("PROBITY_RECEIPT_SECONDS", 5, least=0, most=60)
PROBITY_LEDGER_ALARM_SECONDS = env.integer("PROBITY_LEDGER_ALARM_SECONDS", 60, least=5, most=86400)
PROBITY_RETENTION_DAYS = env.integer("PROBITY_RETENTION_DAYS", 365, least=180, most=36500)
MLFLOW_TRACKING_URI = env.text("MLFLOW_TRACKING_URI", f"sqlite:///{PROBITY_HOME / 'mlflow.db'}")
MLFLOW_ARTIFACT_ROOT = env.text("MLFLOW_ARTIFACT_ROOT", str(PROBITY_HOME / "mlruns"))

# --- plug-ins: a name and a dotted path each -------------------------------------------------------------------------
PROBITY_CHECKS = {
    "pii": "privacy.checks.pii.check",
    "performance": "monitoring.checks.performance.check",
    "fairness": "monitoring.checks.fairness.check",
    "explainability": "monitoring.checks.explainability.check",
    "drift": "monitoring.checks.drift.check",
    "data_quality": "monitoring.checks.data_quality.check",
    "training_health": "monitoring.checks.training_health.check",
    "robustness": "monitoring.checks.robustness.check",
    "model_files": "monitoring.checks.model_files.check",
}
PROBITY_TRAINING_BACKENDS = {"local": "registry.backends.training.local.LocalTraining"}
_ENTRY_POINTS = BASE_DIR / "registry" / "backends" / "training" / "entry_points"
PROBITY_ENTRY_POINTS = {
    "scorecard": str(_ENTRY_POINTS / "scorecard.py"),
    "gradient_boosting": str(_ENTRY_POINTS / "gradient_boosting.py"),
    "fair_scorecard": str(_ENTRY_POINTS / "fair_scorecard.py"),
}
PROBITY_SERVING_BACKENDS = {"local": "registry.backends.serving.local.LocalServing"}
PROBITY_DATA_FOLDERS = env.words("PROBITY_DATA_FOLDERS")
PROBITY_SOURCES = {"mlflow": "registry.sources.mlflow"}
PROBITY_NEEDS = {
    "schema": "governance.promotion.needs.data.schema",
    "rows": "governance.promotion.needs.data.rows",
    "curves": "governance.promotion.needs.training.curves",
    "perturbed": "governance.promotion.needs.robustness.perturbed",
    "pii": "governance.promotion.needs.data.pii",
    "risk": "governance.promotion.needs.risk.risk",
    "overlap": "governance.promotion.needs.data.overlap",
    "baseline": "governance.promotion.needs.data.baseline",
    "current": "governance.promotion.needs.data.current",
    "predictions": "governance.promotion.needs.behaviour.predictions",
    "incumbent_predictions": "governance.promotion.needs.behaviour.incumbent_predictions",
    "model_files": "governance.promotion.needs.model.model_files",
    "declared_drivers": "governance.promotion.needs.model.declared_drivers",
    "attributions": "governance.promotion.needs.behaviour.attributions",
    "attributions_meta": "governance.promotion.needs.behaviour.attributions_meta",
}

# --- Django -----------------------------------------------------------------------------------------------------------
DEBUG = env.flag("PROBITY_DEBUG")
SECRET_KEY = env.secret_key("PROBITY_SECRET_KEY", home=PROBITY_HOME)
_PUBLIC_HOST = PROBITY_PUBLIC_URL.partition("://")[2].rsplit(":", 1)[0]
ALLOWED_HOSTS = [*env.words("PROBITY_ALLOWED_HOSTS", (_PUBLIC_HOST,)), "127.0.0.1", "localhost", "[::1]"]
INSTALLED_APPS = [
    "registry.apps.RegistryConfig",
    "privacy.apps.PrivacyConfig",
    "monitoring.apps.MonitoringConfig",
    "governance.apps.GovernanceConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "governance.web.middleware.PageHeaders",
    "governance.api.bodies.BodyLimit",
]
ROOT_URLCONF = "governance.urls"
WSGI_APPLICATION = "governance.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {"default": env.database("DATABASE_URL", sqlite=PROBITY_HOME / "probity.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
LOGGING_CONFIG = "governance.logs.configure"
LOGGING = logs.configuration(
    env.choice("PROBITY_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")),
    stream=env.choice("PROBITY_LOG_STREAM", "stdout", ("stdout", "stderr")),
)

# --- who may come in --------------------------------------------------------------------------------------------------
_HTTPS = PROBITY_PUBLIC_URL.startswith("https://")
PROBITY_ATTEMPTS_WINDOW_SECONDS = env.integer("PROBITY_ATTEMPTS_WINDOW_SECONDS", 900, least=10, most=86400)
PROBITY_SIGN_IN_FAILURES = env.integer("PROBITY_SIGN_IN_FAILURES", 5, least=1, most=1000)
PROBITY_TOKEN_FAILURES = env.integer("PROBITY_TOKEN_FAILURES", 60, least=1, most=100_000)
PROBITY_PREDICTS_PER_MINUTE = env.integer("PROBITY_PREDICTS_PER_MINUTE", 600, least=1, most=1_000_000)
PROBITY_EXPLAINS_PER_MINUTE = env.integer("PROBITY_EXPLAINS_PER_MINUTE", 12, least=1, most=100_000)
PROBITY_REDACTS_PER_MINUTE = env.integer("PROBITY_REDACTS_PER_MINUTE", 60, least=1, most=1_000_000)
PROBITY_REDACT_CHARACTERS = env.integer("PROBITY_REDACT_CHARACTERS", 200_000, least=1000, most=10_000_000)
PROBITY_REVEAL_SECOND_PERSON = env.flag("PROBITY_REVEAL_SECOND_PERSON", default=True)
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CSRF_TRUSTED_ORIGINS = [PROBITY_PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS and not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SESSION_COOKIE_SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
PROBITY_BEHIND_PROXY = env.flag("PROBITY_BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROBITY_BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = env.integer("PROBITY_MAX_BODY_BYTES", 10 << 20, least=1 << 16, most=1 << 30)
PROBITY_MAX_UPLOAD_BYTES = env.integer("PROBITY_MAX_UPLOAD_BYTES", 1 << 29, least=1 << 16, most=1 << 36)

# --- static files -----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Probity",
    "DESCRIPTION": "Governance and compliance audit of machine-learning models.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- Celery -----------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.broker("BROKER_URL", home=PROBITY_HOME)
CELERY_BROKER_TRANSPORT_OPTIONS = env.broker_options(CELERY_BROKER_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = CELERY_EVENT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
PROBITY_QUEUES = ("default", "governance", "monitoring", "privacy")
CELERY_TASK_ROUTES = {f"{queue}.*": {"queue": queue} for queue in PROBITY_QUEUES[1:]}
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # every task is due by an interval: there is nothing to remember
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in (
        ("registry.tasks.sweep_runs", 10.0),
        ("governance.tasks.watch_deployments", 30.0),
        ("governance.tasks.reconcile", 60.0),
        ("governance.tasks.verify_ledger", 60.0),
    )
}
