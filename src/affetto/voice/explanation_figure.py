"""An explanation as a picture: the spectrogram, what the network went by laid over it, and the cues' weights."""

import base64
import struct
import zlib
from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from affetto.voice.explanation import Explanation

__all__ = ["explanation_svg"]

_WIDTH, _LEFT, _TOP = 760, 64, 56
_PLOT_WIDTH, _PLOT_HEIGHT, _CURVE_HEIGHT = 660, 200, 64
_CUE_HEIGHT, _BAR = 20, 120
_INK, _SOFT, _PAPER = "#23202a", "#6a6573", "#fdfcfa"
_FOR, _AGAINST = "#d1495b", "#3b6fd4"
_DARK, _LIGHT = (24, 20, 37), (214, 205, 190)
_STRONG = 0.75  # opacity of the strongest cell
_MARKS = (100, 500, 1000, 2000, 4000)  # Hz

Bytes = npt.NDArray[np.uint8]


def explanation_svg(explanation: Explanation, *, title: str = "") -> str:
    """The picture as one SVG that refers to nothing else.

    What speaks for the emotion is red, what speaks against it blue; the bracket is the stretch that weighed most.

    Args:
        explanation: What is drawn.
        title: Its heading; the emotion by default.
    """
    cues = explanation.cues
    below = _TOP + _PLOT_HEIGHT + _CURVE_HEIGHT + 64
    height = below + _CUE_HEIGHT * len(cues) + 16
    heading = title or f"Why it sounds {explanation.emotion}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(heading)}: {escape(explanation.words)}" font-family="system-ui, sans-serif" '
        f'font-size="12" fill="{_INK}">',
        f'<rect width="100%" height="100%" rx="10" fill="{_PAPER}"/>',
        f'<text x="{_LEFT}" y="28" font-size="16" font-weight="600">{escape(heading)}</text>',
        f'<text x="{_LEFT}" y="45" fill="{_SOFT}">{escape(explanation.words.capitalize())}; red speaks for it, blue '
        "against it</text>",
        _image(_spectrogram(explanation)),
        _image(_overlay(explanation)),
        *_axes(explanation),
        *_curve(explanation),
        f'<text x="{_LEFT}" y="{below - 12}" fill="{_SOFT}">the voice against {escape(explanation.against)}, '
        "evidence in nats (a companion model, not the network)</text>",
        *_cues(explanation, below),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _image(pixels: Bytes) -> str:
    data = base64.b64encode(_png(pixels)).decode()
    return (
        f'<image x="{_LEFT}" y="{_TOP}" width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT}" preserveAspectRatio="none" '
        f'image-rendering="optimizeQuality" href="data:image/png;base64,{data}"/>'
    )


def _png(pixels: Bytes) -> bytes:
    """A PNG of ``(rows, columns, 4)`` red, green, blue and opacity."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows, columns = pixels.shape[:2]
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def _spectrogram(explanation: Explanation) -> Bytes:
    level = np.array(explanation.picture.decibels[::-1], float)
    share = 1 + level / 60
    dark, light = np.array(_DARK, float), np.array(_LIGHT, float)
    colours = dark + share[..., None] * (light - dark)
    return np.dstack([colours, np.full(level.shape, 255.0)]).round().astype(np.uint8)


def _overlay(explanation: Explanation) -> Bytes:
    """Cells of the map, each as opaque as it is strong."""
    cells = np.array(explanation.saliency.map[::-1], float)
    strength = np.abs(cells) / max(float(np.abs(cells).max(initial=0.0)), 1e-9)
    pixels = np.zeros((*cells.shape, 4))
    pixels[..., :3] = np.where((cells > 0)[..., None], _rgb(_FOR), _rgb(_AGAINST))
    pixels[..., 3] = 255 * _STRONG * strength
    return pixels.round().astype(np.uint8)


def _rgb(colour: str) -> npt.NDArray[np.float64]:
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], float)


def _axes(explanation: Explanation) -> list[str]:
    edges = explanation.saliency.edges
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (edges[0], edges[-1]))
    parts: list[str] = []
    for hz in _MARKS:
        y = _TOP + _PLOT_HEIGHT * (1 - (2595 * np.log10(1 + hz / 700) - low) / (high - low))
        name = f"{hz / 1000:g} kHz" if hz >= 1000 else f"{hz} Hz"
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.0f}" text-anchor="end" fill="{_SOFT}">{name}</text>')
    length = _seconds(explanation)
    step = next((step for step in (0.5, 1, 2, 5) if length / step <= 12), 10)
    base = _TOP + _PLOT_HEIGHT + _CURVE_HEIGHT + 24
    for place in np.arange(0, length, step):
        x = _LEFT + _PLOT_WIDTH * place / length
        parts.append(f'<text x="{x:.0f}" y="{base}" fill="{_SOFT}">{explanation.start + place:.1f} s</text>')
    return parts


def _seconds(explanation: Explanation) -> float:
    return explanation.saliency.step * len(explanation.saliency.map[0])


def _curve(explanation: Explanation) -> list[str]:
    """How much hangs on each span, at its middle, below the spectrogram; and a bracket around the strongest."""
    saliency, length = explanation.saliency, _seconds(explanation)
    middle = _TOP + _PLOT_HEIGHT + 8 + _CURVE_HEIGHT / 2
    scale = (_CURVE_HEIGHT / 2 - 4) / max(max(map(abs, saliency.curve)), 1e-9)
    points = [
        (_LEFT + _PLOT_WIDTH * (place * saliency.step + saliency.span / 2) / length, middle - scale * value)
        for place, value in enumerate(saliency.curve)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    begin, span = (_PLOT_WIDTH * part / length for part in (saliency.strongest, saliency.span))
    return [
        f'<line x1="{_LEFT}" x2="{_LEFT + _PLOT_WIDTH}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="{_SOFT}" '
        'stroke-width=".5"/>',
        f'<polyline points="{line}" fill="none" stroke="{_FOR}" stroke-width="2"/>',
        f'<rect x="{_LEFT + begin:.1f}" y="{_TOP}" width="{span:.1f}" height="{_PLOT_HEIGHT}" fill="none" '
        f'stroke="{_FOR}" stroke-width="2" rx="3"/>',
        f'<text x="{_LEFT - 6}" y="{middle + 4:.0f}" text-anchor="end" fill="{_SOFT}">weight</text>',
    ]


def _cues(explanation: Explanation, top: int) -> Sequence[str]:
    most = max((abs(cue.contribution) for cue in explanation.cues), default=1.0) or 1.0
    centre = _LEFT + _BAR
    parts: list[str] = []
    for place, cue in enumerate(explanation.cues):
        y = top + _CUE_HEIGHT * place
        width = _BAR * abs(cue.contribution) / most
        x = centre if cue.contribution > 0 else centre - width
        colour = _FOR if cue.contribution > 0 else _AGAINST
        parts += [
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_CUE_HEIGHT - 6}" rx="2" fill="{colour}"/>',
            f'<text x="{centre + _BAR + 12}" y="{y + 11}">{escape(cue.words)} '
            f'<tspan fill="{_SOFT}">{cue.contribution:+.2f}</tspan></text>',
        ]
    return parts
