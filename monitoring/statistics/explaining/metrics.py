"""The names of what is measured of explanations, and numbers that do not exist."""

from registry.checks import Measurement, Status

METRICS = {
    "explainability.protected_share": "share of the attribution on declared sensitive features (0 to 1; 0: unused)",
    "explainability.proxy_share": "share of the attribution on features that tell a sensitive group (0 to 1)",
    "explainability.share": "share of the attribution on one feature (0 to 1)",
    "explainability.additivity_error": "largest distance of base + attributions from the margin (margin units)",
    "explainability.stability": "share of the leading features that lead again under resampling (0 to 1)",
    "explainability.deletion_fidelity": "share of rows that leading features move more than random ones (0 to 1)",
    "explainability.deletion_gain": "how much further leading features move the score than random ones (score units)",
    "explainability.drivers_overlap": "share of the declared drivers that are among as many leading features (0 to 1)",
    "explainability.proxy_strength": "AUC of a feature for a group of an attribute (0.5 to 1)",
    "explainability.margin_gap": "mean margin of the highest group minus that of the lowest (margin units)",
    "explainability.gap_decomposition": "part of the margin gap that runs through one feature (margin units)",
}
NOTHING = "All attributions are 0; there is nothing to take a share of."


def absent(metric: str, reason: str, group: str = "", status: Status = Status.NOT_COMPUTABLE) -> Measurement:
    """Return a number that does not exist, with the reason."""
    return Measurement(f"explainability.{metric}", group=group, status=status, reason=reason)
