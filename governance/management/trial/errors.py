"""What can be wrong with somebody's data or question: one class per mistake, each with a code and a sentence."""


class TrialError(ValueError):
    """The question cannot be answered with this data; ``status`` is the exit status of the command."""

    code = "trial"
    status = 1


class QuestionError(TrialError):
    """An option that says nothing that could be asked."""

    code = "question"
    status = 2


class PositiveUnsaidError(QuestionError):
    """Nobody said which label counts as positive."""

    code = "positive_unsaid"


class HomeTakenError(QuestionError):
    """The folder that shall be kept holds something already."""

    code = "home_taken"


class ColumnAbsentError(TrialError):
    """A column that was named is not in the file."""

    code = "column_absent"


class TargetError(TrialError):
    """The target cannot be one: values are missing, or it has one value or too many."""

    code = "target_refused"


class PositiveAbsentError(TrialError):
    """The positive label does not occur."""

    code = "positive_absent"


class SensitiveAttributeError(TrialError):
    """A sensitive attribute that cannot be put into groups."""

    code = "attribute_refused"


class PredictionsColumnError(TrialError):
    """A column of predictions that does not hold one decision a row."""

    code = "predictions_refused"


class ProbabilitiesError(PredictionsColumnError):
    """Probabilities where decisions belong."""

    code = "predictions_are_probabilities"


class ScoreColumnError(TrialError):
    """A column of scores that does not hold one number a row."""

    code = "scores_refused"


class NoFeaturesError(TrialError):
    """There is no column that a model could learn from."""

    code = "no_features"


class TooFewRowsError(TrialError):
    """Too few rows to split."""

    code = "too_few_rows"


class ReferenceGroupError(TrialError):
    """The group that others shall be compared with is none of the attribute's."""

    code = "reference_unknown"


class TrialFailedError(TrialError):
    """A run of the trial ended without a result."""

    code = "trial_failed"
