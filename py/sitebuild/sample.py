"""The sample picture of the page: a fox under the moon, drawn by code so that it is ours and the same everywhere.

`python -m sitebuild.sample OUT.png` writes it. It is drawn at four times its size and reduced, so its lines are thin
and soft, and then sent through JPEG once, so that cleaning has something to clean.
"""

from __future__ import annotations

import io
import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

from sitebuild.pen import INK, Colour, Pen, Point, flatten, mirrored, mix

WIDTH, HEIGHT = 400, 300
SUPERSAMPLING = 4
JPEG_QUALITY = 62

FOX_AXIS = 100.0

NIGHT: Colour = (38, 42, 96)
VIOLET: Colour = (108, 84, 156)
ROSE: Colour = (244, 160, 150)
CREAM: Colour = (255, 243, 214)
SNOW: Colour = (240, 238, 250)
FUR: Colour = (240, 134, 58)
FUR_SHADE: Colour = (212, 100, 44)
WHITE_FUR: Colour = (255, 248, 238)
WHITE_SHADE: Colour = (232, 212, 214)
SOCK: Colour = (84, 48, 56)
VERMILION: Colour = (222, 66, 50)
SEA: Colour = (40, 92, 140)
FOAM: Colour = (220, 240, 246)
PETAL: Colour = (255, 196, 212)
PETAL_DEEP: Colour = (236, 116, 152)
BARK: Colour = (74, 46, 54)


def draw_sky(pen: Pen, chance: random.Random) -> None:
    bands = 14
    for band in range(bands):
        share = band / (bands - 1)
        colour = mix(NIGHT, VIOLET, share * 2) if share < 0.5 else mix(VIOLET, ROSE, share * 2 - 1)
        top = 215 * band / bands
        ripple = [(x, top + 2.5 * math.sin(x / 46 + band * 1.3)) for x in range(-4, WIDTH + 5, 4)]
        pen.fill([*ripple, (WIDTH, HEIGHT), (0, HEIGHT)], colour)
    for _ in range(70):
        x, y = chance.uniform(0, WIDTH), chance.uniform(0, 120)
        pen.disc((x, y), chance.choice((0.5, 0.6, 0.9)), mix(CREAM, VIOLET, chance.uniform(0, 0.5)))
    for x, y, size in ((54.0, 34.0, 5), (128.0, 18.0, 4), (22.0, 92.0, 4)):
        for turn in (0.0, math.pi / 2):
            dx, dy = size * math.cos(turn), size * math.sin(turn)
            pen.line([(x - dx, y - dy), (x + dx, y + dy)], CREAM, 0.6)
        pen.disc((x, y), 1.2, CREAM)


def draw_moon(pen: Pen) -> None:
    x, y, radius = 262.0, 104.0, 74.0
    for ring, opacity in ((22, 26), (13, 36), (6, 54)):
        pen.disc((x, y), radius + ring, (*CREAM, opacity))
    pen.disc((x, y), radius, CREAM)
    shade = mix(CREAM, ROSE, 0.22)
    for dx, dy, size in (
        (-30, -26, 13),
        (-8, -42, 6),
        (20, -18, 9),
        (34, 14, 12),
        (4, 22, 7),
        (-40, 14, 6),
        (14, -52, 4),
    ):
        pen.disc((x + dx, y + dy), size, shade)
    for left, right, level, thick in ((166, 264, 130, 5), (224, 352, 142, 6), (176, 252, 62, 4), (290, 362, 96, 4)):
        colour = mix(ROSE, CREAM, 0.45)
        pen.line([(left, level), (right, level)], colour, thick)
        pen.line([(left + 20, level - thick * 0.9), (right - 36, level - thick * 0.9)], colour, thick)


def draw_mountains(pen: Pen) -> None:
    far = flatten(
        "M -5 205 L 40 172 L 62 182 L 118 132 L 150 164 L 168 156 L 214 196 L 250 180 L 300 200 "
        "L 350 168 L 405 200 L 405 230 L -5 230"
    )
    pen.shape(far, mix(VIOLET, ROSE, 0.35), width=0.8, ink=mix(VIOLET, NIGHT, 0.4))
    near = flatten("M 250 226 Q 316 190 346 138 Q 352 132 358 138 Q 380 178 405 196 L 405 230 L 250 230")
    pen.shape(near, mix(NIGHT, VIOLET, 0.62), width=1.0, ink=NIGHT)
    cap = flatten(
        "M 346 138 Q 352 132 358 138 Q 366 155 374 166 L 366 163 L 362 171 L 355 161 L 349 172 L 343 162 "
        "L 336 170 L 331 165 Q 340 152 346 138"
    )
    pen.shape(cap, SNOW, width=0.8, ink=NIGHT)
    shade = flatten("M 356 137 Q 366 155 374 166 L 366 163 L 362 171 L 357 163 Q 359 150 356 137")
    pen.fill(shade, mix(SNOW, VIOLET, 0.35))


def draw_torii(pen: Pen) -> None:
    dark = mix(VERMILION, NIGHT, 0.55)
    for x in (214, 240):
        pen.shape([(x - 1.8, 198), (x + 1.8, 198), (x + 2.6, 234), (x - 2.6, 234)], VERMILION, width=0.6, ink=dark)
    pen.shape([(211, 205), (243, 205), (243, 208.5), (211, 208.5)], VERMILION, width=0.6, ink=dark)
    pen.shape([(225.5, 198), (228.5, 198), (228.5, 205), (225.5, 205)], VERMILION, width=0.6, ink=dark)
    roof = flatten("M 202 191 Q 227 197 252 191 L 250 198 Q 227 201 204 198 L 202 191")
    pen.shape(roof, VERMILION, width=0.6, ink=dark)
    pen.line(flatten("M 201 190.5 Q 227 196.5 253 190.5"), SOCK, 2)


def draw_waves(pen: Pen) -> None:
    """Seigaiha: rows of overlapping rings, the near rows darker."""
    pen.fill([(0, 222), (WIDTH, 222), (WIDTH, HEIGHT), (0, HEIGHT)], mix(SEA, ROSE, 0.35))
    for streak in range(223, 232, 3):
        for x in range(streak * 7 % 31, WIDTH, 46):
            pen.line([(x, streak), (x + 20, streak)], mix(FOAM, ROSE, 0.4), 0.7)
    radius = 17.0
    for row in range(9):
        level = 246 + radius / 2 * row
        colour = mix(mix(SEA, ROSE, 0.22), mix(SEA, NIGHT, 0.5), row / 8)
        foam = mix(mix(FOAM, ROSE, 0.3), FOAM, row / 4) if row < 4 else FOAM
        for column in range(-1, math.ceil(WIDTH / (2 * radius)) + 1):
            centre = ((2 * column + row % 2) * radius, level)
            for share in (1.0, 0.7, 0.4):
                pen.disc(centre, radius * share, foam)
                pen.disc(centre, radius * share - 0.9, colour)


def draw_hill(pen: Pen) -> None:
    hill = flatten("M -5 248 Q 60 226 130 236 Q 190 246 214 305 L -5 305 L -5 248")
    pen.shape(hill, (60, 108, 96), ink=(28, 52, 66))
    pen.fill(flatten("M -5 268 Q 70 246 140 262 Q 180 274 196 305 L -5 305 L -5 268"), (48, 88, 88))
    for x, y, lean in (
        (20, 243, -3),
        (34, 240, 2),
        (166, 250, 4),
        (176, 256, 6),
        (12, 246, -5),
        (150, 243, 3),
        (44, 270, 2),
        (60, 284, -3),
        (168, 284, 3),
    ):
        for spread in (-2.5, 0, 2.5):
            pen.line([(x + spread / 2, y + 2), (x + spread * 2 + lean, y - 9 + abs(spread))], (112, 164, 120), 0.9)


def draw_fox(pen: Pen) -> None:
    tail = flatten(
        "M 128 254 C 190 262 206 214 184 178 C 178 166 168 158 172 146 C 152 156 144 180 152 200 "
        "C 158 218 146 232 122 232 L 128 254"
    )
    pen.shape(tail, FUR)
    tip = flatten(
        "M 172 146 C 152 156 144 176 150 192 L 157 184 L 161 194 L 168 184 L 174 193 L 179 182 L 186 184 "
        "C 178 166 168 158 172 146"
    )
    pen.shape(tip, WHITE_FUR)
    pen.fill(flatten("M 132 252 C 184 258 202 220 186 190 C 190 224 168 246 132 246 L 132 252"), FUR_SHADE)

    body = flatten("M 78 176 C 58 200 52 238 62 260 L 138 260 C 148 238 142 200 122 176 L 78 176")
    pen.shape(body, FUR)
    haunch = flatten("M 62 260 C 48 250 50 226 66 220 C 78 218 84 240 80 260 L 62 260")
    for points in (haunch, mirrored(haunch, FOX_AXIS)):
        pen.fill(points, FUR)
        pen.line(points[:-1], INK, 1.3)
    chest = flatten(
        "M 80 172 C 72 190 74 200 80 206 L 84 203 L 86 214 L 92 209 L 95 222 L 100 214 L 105 222 "
        "L 108 209 L 114 214 L 116 203 L 120 206 C 126 200 128 190 120 172 L 80 172"
    )
    pen.shape(chest, WHITE_FUR)
    leg = flatten("M 84 214 C 82 236 84 250 82 262 Q 90 268 98 262 L 98.5 222")
    sock = flatten("M 83.5 238 Q 90 242 98.5 238 L 98 262 Q 90 268 82 262 Q 84 250 83.5 238")
    toes = (flatten("M 88 259 L 88 265"), flatten("M 93 259 L 93 265"))
    for points, paint in ((leg, FUR), (sock, SOCK)):
        for side in (points, mirrored(points, FOX_AXIS)):
            pen.fill(side, paint)
            pen.line(side, INK, 1.3)
    for toe in toes:
        for side in (toe, mirrored(toe, FOX_AXIS)):
            pen.line(side, mix(SOCK, WHITE_FUR, 0.35), 0.8)
    foot = flatten("M 56 256 C 54 266 74 268 80 262 L 80 257 Q 68 252 56 256")
    for side in (foot, mirrored(foot, FOX_AXIS)):
        pen.shape(side, SOCK)
    draw_fox_head(pen)


def draw_fox_head(pen: Pen) -> None:
    def both(points: list[Point], colour: Colour, width: float = 1.3) -> None:
        for side in (points, mirrored(points, FOX_AXIS)):
            pen.shape(side, colour, width=width)

    both(flatten("M 66 128 C 58 104 58 84 64 72 C 76 80 90 96 94 112 L 66 128"), FUR)
    both(
        flatten("M 70 122 C 65 104 64 92 67 83 C 76 91 84 102 87 112 L 82 110 L 80 118 L 75 114 L 70 122"),
        WHITE_SHADE,
        0.9,
    )
    both(flatten("M 61.2 92 C 61 84 62 76 64 72 C 69 75 74 80 79 85 L 73 86 L 71 93 L 66 88 L 61.2 92"), SOCK, 0.9)

    head = flatten(
        "M 100 102 C 116 100 134 110 140 130 C 143 139 150 144 154 147 L 146 150 L 149 157 L 139 157 "
        "C 130 170 114 180 100 180"
    )
    face = [*head, *reversed(mirrored(head, FOX_AXIS))]
    pen.shape(face, FUR)
    mask = flatten(
        "M 100 132 C 106 140 112 142 122 141 C 134 140 142 144 154 147 L 146 150 L 149 157 L 139 157 "
        "C 130 170 114 180 100 180"
    )
    pen.fill([*mask, *reversed(mirrored(mask, FOX_AXIS))], WHITE_FUR)
    shade = flatten("M 149 157 L 139 157 C 130 170 114 180 100 180 C 112 176 128 168 136 154 L 149 157")
    pen.fill(shade, WHITE_SHADE)
    pen.fill(mirrored(shade, FOX_AXIS), WHITE_SHADE)
    pen.line([*face, face[0]], INK, 1.3)

    for side in (-1, 1):
        x = FOX_AXIS + side * 20
        pen.oval((x, 141), 8.2, 9.6, INK)
        pen.oval((x, 142.4), 6.9, 7.8, (176, 84, 24))
        pen.oval((x, 145), 5.6, 5.0, (250, 186, 66))
        pen.oval((x, 141), 3.2, 5.2, INK)
        pen.disc((x - 2.6, 137.2), 2.6, (255, 255, 255))
        pen.disc((x + 2.8, 146), 1.2, (255, 255, 255))
        lash = flatten(f"M {x - side * 9} 139 Q {x - side * 3} 128 {x + side * 8} 134 L {x + side * 13} 131")
        pen.line(lash, INK, 1.9)
        pen.line(flatten(f"M {x - side * 5} 125 Q {x} 121 {x + side * 6} 124"), FUR_SHADE, 1.6)
        for step in range(3):
            cheek = FOX_AXIS + side * (25 + 4 * step)
            pen.line([(cheek, 158), (cheek - 1.8, 161)], PETAL_DEEP, 0.9)
        pen.line(
            flatten(f"M {FOX_AXIS + side * 16} 164 Q {FOX_AXIS + side * 30} 163 {FOX_AXIS + side * 44} 166"),
            mix(INK, WHITE_SHADE, 0.45),
            0.6,
        )
    pen.shape(flatten("M 95 157 Q 100 154.5 105 157 Q 104 162 100 163 Q 96 162 95 157"), INK, width=0.8)
    pen.disc((98, 157.6), 0.9, SNOW)
    pen.line(flatten("M 100 163 L 100 166 Q 95 172 90 168"), INK, 1.1)
    pen.line(flatten("M 100 166 Q 105 172 110 168"), INK, 1.1)
    pen.shape(flatten("M 100 106 Q 104 112 100 120 Q 96 112 100 106"), VERMILION, width=0.7)


def blossom(pen: Pen, centre: Point, radius: float, turn: float) -> None:
    x, y = centre
    for petal in range(5):
        angle = turn + petal * 2 * math.pi / 5

        def at(reach: float, swing: float, angle: float = angle) -> str:
            return f"{x + radius * reach * math.cos(angle + swing)} {y + radius * reach * math.sin(angle + swing)}"

        outline = (
            f"M {x} {y} C {at(0.5, -0.7)} {at(1.05, -0.6)} {at(1.0, -0.16)} L {at(0.84, 0)} L {at(1.0, 0.16)} "
            f"C {at(1.05, 0.6)} {at(0.5, 0.7)} {x} {y}"
        )
        pen.shape(flatten(outline), PETAL, width=0.8, ink=PETAL_DEEP)
    for thread in range(10):
        angle = turn + thread * math.pi / 5
        end = (x + radius * 0.42 * math.cos(angle), y + radius * 0.42 * math.sin(angle))
        pen.line([(x, y), end], PETAL_DEEP, 0.5)
        pen.disc(end, 0.7, CREAM)


def draw_twig(pen: Pen, chance: random.Random) -> None:
    for path, width in (
        ("M 405 18 Q 370 30 344 22 Q 318 14 292 26", 5.0),
        ("M 292 26 Q 276 32 262 28 Q 252 26 244 32", 2.6),
        ("M 350 23 Q 334 38 316 46 Q 308 50 302 60", 2.4),
        ("M 372 26 Q 366 46 372 62", 2.4),
        ("M 318 16 Q 306 6 298 -4", 2.0),
    ):
        pen.line(flatten(path), INK, width + 1.6)
        pen.line(flatten(path), BARK, width)
        pen.line([(x, y - width * 0.22) for x, y in flatten(path)[2:-2]], mix(BARK, ROSE, 0.3), max(0.5, width * 0.18))
    for x, y in ((250.0, 22.0), (284.0, 36.0), (310.0, 38.0), (378.0, 70.0), (306.0, 4.0), (336.0, 6.0)):
        pen.shape(
            flatten(f"M {x} {y} Q {x + 4} {y - 4} {x + 2} {y - 8} Q {x - 4} {y - 5} {x} {y}"), PETAL_DEEP, width=0.7
        )
    for x, y, radius in (
        (344.0, 24.0, 15.0),
        (302.0, 60.0, 11.0),
        (372.0, 58.0, 13.0),
        (268.0, 24.0, 11.0),
        (316.0, 18.0, 10.0),
        (390.0, 24.0, 14.0),
        (243.0, 33.0, 8.0),
        (326.0, 44.0, 9.0),
    ):
        blossom(pen, (x, y), radius, chance.uniform(0, 2))
    for _ in range(16):
        x, y, turn = chance.uniform(170, 395), chance.uniform(80, 250), chance.uniform(0, 6.3)
        dx, dy = 3.4 * math.cos(turn), 3.4 * math.sin(turn)
        petal = flatten(
            f"M {x - dx} {y - dy} Q {x - dy} {y + dx} {x + dx} {y + dy} "
            f"Q {x + dy * 0.4} {y - dx * 0.4} {x - dx} {y - dy}"
        )
        pen.shape(petal, PETAL, width=0.6, ink=PETAL_DEEP)


def draw() -> Image.Image:
    """The sample picture, RGB, 400 × 300."""
    chance = random.Random(20)
    canvas = Image.new("RGB", (WIDTH * SUPERSAMPLING, HEIGHT * SUPERSAMPLING), NIGHT)
    pen = Pen(draw=ImageDraw.Draw(canvas, "RGBA"), supersampling=SUPERSAMPLING)
    draw_sky(pen, chance)
    draw_moon(pen)
    draw_mountains(pen)
    draw_waves(pen)
    draw_torii(pen)
    draw_hill(pen)
    draw_fox(pen)
    draw_twig(pen, chance)
    small = canvas.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=JPEG_QUALITY)
    return Image.open(file).convert("RGB")


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("Usage: python -m sitebuild.sample OUT.png")
    draw().save(Path(sys.argv[1]), "PNG", optimize=True)


if __name__ == "__main__":
    main()
