"""Projects: what owns models, datasets, environments and permissions."""

from django.db import models

from registry.models.fields import Row


class Project(Row):
    """A boundary of ownership and permission; there is a default one."""

    DEFAULT = "default"

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.slug

    @classmethod
    def default(cls) -> "Project":
        """Return the default project, made by the first migration."""
        return cls.objects.get(slug=cls.DEFAULT)
