"""What moves in the street: cars, cyclists and people."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from eventvision.simulation._world.figures import Stand, cyclist, walker
from eventvision.simulation._world.pace import CONSTANT, Pace
from eventvision.simulation._world.vehicles import Ride, car
from eventvision.simulation._world.world import WorldBuilder

from ._drive import LANE_M, ROAD_M, Drive

_AWAY_RAD, _NEARER_RAD = -0.95, 0.95
"""Figures that go along the street are turned so far, but not to where they would be lines."""


def add_traffic(builder: WorldBuilder, random: np.random.Generator, drive: Drive) -> None:
    """Add oncoming cars, one ahead, parked ones, and a cyclist."""
    for number in range(3):
        z0, speed = 55.0 * number + 20 * random.random() + 10, 6 + 4 * random.random()
        ride = _lane(drive, -LANE_M, z0, -speed, CONSTANT, math.pi)
        builder.add(*car(builder.atlas, random, ride), kind="vehicle")
    for number in range(2):
        z0 = 14 + 45 * number + 12 * random.random()
        ride = _follow(drive, LANE_M, z0, 0.6 + 0.4 * random.random())
        builder.add(*car(builder.atlas, random, ride), kind="vehicle")
    for number in range(2):
        side = 1 if number else -1
        ride = _lane(drive, side * 4.6, 30.0 + 70 * number, 0.0, CONSTANT, 0.0)
        builder.add(*car(builder.atlas, random, ride), kind="vehicle")
    z0, speed = 22 + 20 * random.random(), 4 + random.random()

    def bike(seconds: float) -> Stand:
        gone = speed * seconds
        x = LANE_M + 1.6 + 0.1 * math.sin(seconds)
        return Stand(x, drive.met(seconds, z0 + gone), _AWAY_RAD, gone / 0.34)

    builder.add(*cyclist(builder.atlas, random, bike), kind="cyclist")
    start = random.random()

    def crossing(seconds: float) -> Stand:
        gone = 3.2 * seconds
        turn = (start + gone / 44) % 1.0
        x = 11 * (4 * abs(turn - 0.5) - 1)
        yaw_rad = math.pi if turn < 0.5 else 0.0
        return Stand(x, drive.met(seconds, 95.0), yaw_rad, gone / 0.34)

    builder.add(*cyclist(builder.atlas, random, crossing), kind="cyclist")


def _lane(
    drive: Drive, x: float, z0: float, speed_m_s: float, pace: Pace, yaw_rad: float
) -> Callable[[float], Ride]:
    def ride(seconds: float) -> Ride:
        gone = speed_m_s * pace.distance(seconds)
        return Ride(x, drive.met(seconds, z0 + gone), yaw_rad, abs(gone))

    return ride


def _follow(drive: Drive, x: float, ahead_m: float, sway: float) -> Callable[[float], Ride]:
    """Return a car that keeps ahead of the camera, now nearer, now farther."""

    def ride(seconds: float) -> Ride:
        gap = ahead_m + 4 * sway * math.sin(0.7 * sway * seconds)
        z = drive.z(seconds) + gap
        return Ride(x + 0.2 * math.sin(0.5 * seconds), z, 0.0, z)

    return ride


def add_people(builder: WorldBuilder, random: np.random.Generator, drive: Drive) -> None:
    """Add people along the pavements, and some who cross the road."""
    for number in range(6):
        side = 1.0 if number % 2 else -1.0
        x = side * (ROAD_M / 2 + 0.9 + 1.4 * random.random())
        z0, speed = 26.0 * number + 12 * random.random(), 1.1 + 0.5 * random.random()
        way = 1.0 if random.random() < 0.5 else -1.0
        stand = _stroll(drive, x, z0, way * speed)
        builder.add(*walker(builder.atlas, random, stand), kind="pedestrian")
    for number in range(4):
        z0, start = 18.0 + 40 * number + 8 * random.random(), random.random()
        stand = _cross(drive, z0, start, 1.3 + 0.7 * random.random())
        builder.add(*walker(builder.atlas, random, stand), kind="pedestrian")


def _stroll(drive: Drive, x: float, z0: float, speed_m_s: float) -> Callable[[float], Stand]:
    def stand(seconds: float) -> Stand:
        gone = speed_m_s * seconds
        yaw_rad = _AWAY_RAD if speed_m_s > 0 else _NEARER_RAD
        return Stand(x, drive.met(seconds, z0 + gone), yaw_rad, 4.2 * abs(gone))

    return stand


def _cross(drive: Drive, z0: float, start: float, speed_m_s: float) -> Callable[[float], Stand]:
    """Return someone who walks over the road and back."""
    reach = ROAD_M / 2 + 1.5

    def stand(seconds: float) -> Stand:
        gone = speed_m_s * seconds
        turn = (start + gone / (4 * reach)) % 1.0
        x = reach * (1 - 4 * abs(turn - 0.5))
        yaw_rad = 0.0 if turn < 0.5 else math.pi
        return Stand(x, drive.met(seconds, z0), yaw_rad, 4.2 * gone)

    return stand
