from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures import theme

ROOT = Path(__file__).resolve().parents[3]
# Viénot, Brettel and Mollon 1999 as linear-RGB matrices (Machado, Oliveira and Fernandes 2009, severity 1.0)
BLINDNESS = {
    "none": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x = matrix @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def tokens(theme_name: str) -> dict[str, str]:
    text = (ROOT / "assets" / "tokens.css").read_text(encoding="utf-8")
    light, dark = text.split('[data-bs-theme="dark"] {')
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    if theme_name == "dark":
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))
    return found


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_series_stand_out_from_the_surface(mode: str) -> None:
    surface = tokens(mode)["surface"]
    assert {colour: contrast(colour, surface) for colour in theme.PALETTE if contrast(colour, surface) < 3} == {}


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_series_stay_apart_for_every_eye(blindness: str) -> None:
    seen = {colour: lab(BLINDNESS[blindness] @ linear(colour)) for colour in theme.PALETTE}
    close = [
        pair for pair in itertools.combinations(theme.PALETTE, 2) if np.linalg.norm(seen[pair[0]] - seen[pair[1]]) < 20
    ]
    assert close == []


def test_style_sheet_has_the_same_series_colours() -> None:
    named = {f"series-{name}" for name in ("blue", "rust", "teal", "magenta", "gold", "slate")}
    assert {tokens("light")[name] for name in named} == set(theme.PALETTE)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_is_readable_on_every_surface(mode: str) -> None:
    found = tokens(mode)
    pairs = [(ink, surface) for ink in ("ink", "ink-2", "ink-3") for surface in ("bg", "surface", "surface-2")]
    pairs += [(name, f"{name}-soft") for name in ("good", "bad", "warn")]
    pairs += [("accent", "surface"), ("accent-ink", "accent"), ("accent-soft-ink", "accent-soft"), ("good", "surface")]
    assert {
        pair: contrast(found[pair[0]], found[pair[1]])
        for pair in pairs
        if contrast(found[pair[0]], found[pair[1]]) < 4.5
    } == {}
    assert contrast(found["control-line"], found["surface"]) >= 3


def test_classes_have_four_colours_and_roles_are_stable() -> None:
    assert len({theme.colour(name) for name in ("Loyal", "Regular", "Dormant", "Risky")}) == 4
    assert theme.colour("Risky", 3) == theme.colour("Risky", 0)
    assert theme.colour("group 2") == theme.PALETTE[2]
    assert theme.colour("anything", 7) == theme.PALETTE[1]


@given(st.text())
def test_labels_carry_no_markup(text: str) -> None:
    label = theme.label(text)
    assert not set(label) & {"<", ">", "&", "\n", "\r"}
    assert len(label) <= 80


def test_label_keeps_what_it_can() -> None:
    assert theme.label('<a href="x">Click</a>') == '‹a href="x"›Click‹/a›'
    assert theme.label("x" * 100) == "x" * 79 + "…"


def test_too_many_points_are_refused() -> None:
    theme.figure(go.Scatter(x=list(range(2_000)), y=[0] * 2_000))
    with pytest.raises(ValueError, match="2001 points"):
        theme.figure(go.Scatter(x=list(range(2_001)), y=[0] * 2_001))
