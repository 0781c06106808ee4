"""Values to try a preset with."""

from apiconn_nb.presets import Preset


def sample(one: Preset) -> dict[str, str]:
    """A value for every variable that is asked for at set-up."""
    return {each.name: each.default or each.example for each in one.asks()}
