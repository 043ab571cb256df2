"""The steps of the neurons that come with the library."""

from __future__ import annotations

from typing import Any

from eventvision.core import ConfigError

from ._operations import clip, floor, round_half_up, spike
from ._step import Step

Value = Any
RESETS = ("soft", "hard", "none")


def after_spike(v: Value, s: Value, threshold: Value, reset: str) -> Value:
    """Return the potential after a spike.

    Args:
        v: Potential.
        s: 1 where it spiked, else 0.
        threshold: What a soft reset takes off.
        reset: "soft" takes the threshold off, "hard" sets 0, "none" leaves the potential.
    """
    if reset not in RESETS:
        raise ConfigError("reset", reset, f"one of {', '.join(RESETS)}")
    if reset == "none":
        return v
    return v - s * threshold if reset == "soft" else v * (1 - s)


def leak(x: Value, v: Value, decay: Value, decay_input: bool) -> Value:
    """Return the potential after the leak and the input."""
    return decay * v + ((1 - decay) * x if decay_input else x)


def integrate(x: Value, v: Value, *, threshold: Value, reset: str) -> Value:
    """Add the input; spike at the threshold."""
    v = v + x
    s = spike(v - threshold)
    return s, after_spike(v, s, threshold, reset)


def lif(
    x: Value, v: Value, *, decay: Value, threshold: Value, reset: str, decay_input: bool
) -> Value:
    """Leak, add the input, spike at the threshold."""
    v = leak(x, v, decay, decay_input)
    s = spike(v - threshold)
    return s, after_spike(v, s, threshold, reset)


def ilif(
    x: Value, v: Value, *, decay: Value, threshold: Value, levels: int, decay_input: bool
) -> Value:
    """Leak, add the input, emit how many thresholds the potential holds: 0..levels, rounded."""
    v = leak(x, v, decay, decay_input)
    s = round_half_up(clip(v / threshold, 0, levels))
    return s, v - s * threshold


def alif(
    x: Value,
    v: Value,
    a: Value,
    *,
    decay: Value,
    threshold: Value,
    strength: Value,
    threshold_decay: Value,
    reset: str,
    decay_input: bool,
) -> Value:
    """LIF whose threshold is higher by strength * a; a counts spikes and decays."""
    v = leak(x, v, decay, decay_input)
    raised = threshold + strength * a
    s = spike(v - raised)
    return s, after_spike(v, s, raised, reset), threshold_decay * a + s


def resonate_and_fire(
    x: Value, v: Value, u: Value, *, cosine: Value, sine: Value, threshold: Value, reset: str
) -> Value:
    """Turn and shrink the point (u, v), push it along u, spike where v is at the threshold."""
    turned_u = cosine * u - sine * v + x
    v = sine * u + cosine * v
    s = spike(v - threshold)
    return s, after_spike(v, s, threshold, reset), turned_u


def readout(x: Value, v: Value, *, decay: Value, decay_input: bool) -> Value:
    """Leak and add the input; the output is the potential."""
    v = leak(x, v, decay, decay_input)
    return v, v


def burst(x: Value, v: Value, *, threshold: Value, levels: int) -> Value:
    """Add the input; emit how many whole thresholds the potential holds, at most `levels`."""
    v = v + x
    s = clip(floor(v / threshold), 0, levels)
    return s, v - s * threshold


def signed(x: Value, v: Value, m: Value, *, threshold: Value) -> Value:
    """Add the input; spike up, or down where m says that there is something to take back."""
    v = v + x
    s = spike(v - threshold) - spike(-v - threshold) * (m > 0)
    return s, v - s * threshold, m + s


def fire(h: Value) -> Value:
    """Spike where the input is at least 0."""
    return spike(h)


FIRE = Step(fire, "Fire")
IF = Step(integrate, "IF")
LIF = Step(lif, "LIF")
ILIF = Step(ilif, "ILIF")
ALIF = Step(alif, "ALIF")
RESONATE_AND_FIRE = Step(resonate_and_fire, "ResonateFire")
READOUT = Step(readout, "Readout")
BURST_IF = Step(burst, "BurstIF")
SIGNED_IF = Step(signed, "SignedIF")
