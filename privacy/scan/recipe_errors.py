"""The mistakes that a recipe can hold, one class each."""


class RecipeError(ValueError):
    """A recipe that cannot be applied."""

    code = "recipe_error"


class RecipeColumnError(RecipeError):
    """A column that the table lacks, or an operator that does not suit its type."""

    code = "recipe_column"


class RecipeKeyError(RecipeError):
    """A key too short to keep pseudonyms secret."""

    code = "recipe_key"


class RecipeScanError(RecipeError):
    """A scan from which no recipe may be proposed."""

    code = "recipe_scan"


class RecipeParameterError(RecipeError):
    """A parameter that an operator does not know or that is out of its range."""

    code = "recipe_parameter"
