"""The events of the facts: principals, models, datasets, environments, runs, deployments."""

from registry.ledger.events import EventKind, register

register(
    EventKind(
        "triggers.reinstalled",
        "Triggers that were missing or changed were put back; some of them were so before the migrations that ran",
        {"missing": "texts", "changed": "texts", "before_migrations": "texts"},
    ),
    EventKind("project.created", "A project exists", {"slug": "text"}),
    EventKind("principal.registered", "A person or a service is known", {"kind": "text", "owner": "id?"}),
    EventKind(
        "identity.linked",
        "A principal is known by a name in a system; the name is a salted commitment, the same wherever it is recorded",
        {"kind": "text", "value": "digest"},
    ),
    EventKind("role.granted", "A principal holds a role from now on", {"project": "id", "role": "text"}),
    EventKind("role.revoked", "A principal no longer holds a role", {"project": "id", "role": "text"}),
    EventKind("environment.created", "A place of release exists", {"project": "id", "name": "text", "backend": "text"}),
    EventKind(
        "environment.evaluates",
        "An environment pins the rows on which a model is evaluated",
        {"model": "id", "dataset_version": "id", "dataset_digest": "digest"},
    ),
    EventKind("model.registered", "A model exists", {"project": "id", "name": "text", "tier": "text"}),
    EventKind(
        "dataset_version.registered",
        "A dataset version exists, with its schema in its digest",
        {
            "dataset": "id",
            "number": "integer",
            "content": "digest",
            "rows": "integer",
            "parent": "digest?",
            "recipe": "digest?",
        },
    ),
    EventKind(
        "model_version.registered",
        "A model version exists",
        {
            "model": "id",
            "number": "integer",
            "kind": "text",
            "content": "digest?",
            "assurance": "text",
            "commit": "text",
            "datasets": "digests",
            "people": "texts",
            "tracked": "text",
        },
    ),
    EventKind("model_version.retired", "A model version is never to be released again", {"reason": "digest"}),
    EventKind("artifact.purged", "The bytes of an artifact were removed; its digest stays", {"reason": "text"}),
    EventKind("run.queued", "Work was asked for", {"kind": "text", "about": "text", "arguments": "digest"}),
    EventKind(
        "run.cancel_requested",
        "Somebody asked work to stop",
        {"kind": "text", "status": "text", "attempt": "integer"},
    ),
    EventKind(
        "run.ended", "Work ended", {"kind": "text", "status": "text", "attempt": "integer", "error_code": "text"}
    ),
    EventKind(
        "deployment.created",
        "A manifest is to be served",
        {
            "environment": "id",
            "model": "id",
            "manifest": "digest",
            "promotion": "id",
            "evaluation": "digest",
            "backend": "text",
        },
    ),
    EventKind(
        "deployment.advanced",
        "The state of a deployment in our record",
        {"from": "text", "to": "text", "desired": "boolean", "manifest": "digest", "reason": "text"},
    ),
    EventKind(
        "deployment.observed",
        "What is seen running, when it changes",
        {"healthy": "boolean", "manifest": "text", "model_digest": "text", "message": "text"},
    ),
    EventKind(
        "deployment.explained",
        "A decision of what is served was explained to somebody; of the row nothing is kept",
        {"manifest": "digest", "model_digest": "digest", "algorithm": "text", "isolation": "text"},
    ),
    EventKind(
        "alias.intended", "An MLflow alias is to point at a version", {"name": "text", "alias": "text", "to": "text"}
    ),
    EventKind(
        "alias.observed",
        "Where an MLflow alias points, or why it could not be moved",
        {"name": "text", "alias": "text", "to": "text", "ok": "boolean", "message": "text"},
    ),
    EventKind(
        "log.started",
        "A log succeeds another one, whose last known checkpoint this is",
        {"predecessor": "text", "size": "integer", "root": "digest", "held": "integer", "reason": "text"},
    ),
    EventKind("log.frozen", "Nothing is added to a log behind this entry", {"reason": "text"}),
    EventKind("log.key_added", "A key signs for a log from now on", {"key": "text"}),
    EventKind("log.key_dropped", "A key no longer signs for a log", {"key": "text"}),
)
