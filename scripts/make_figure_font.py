"""Makes fonts/figures-*.ttf and src/figures/font-widths.ts from DejaVu Sans.

    pip install fonttools
    python scripts/make_figure_font.py /usr/share/fonts/truetype/dejavu

The fonts are subsets, without hinting and kerning, so that text is as wide as the sum of its advances.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
RANGES = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x391, 0x3C9), (0x400, 0x45F),
    (0x2010, 0x2015), (0x2016, 0x2016), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026),
    (0x2030, 0x2033), (0x2070, 0x208E), (0x2190, 0x2199), (0x21D2, 0x21D2), (0x2200, 0x2213),
    (0x2218, 0x2223), (0x2225, 0x222B), (0x2248, 0x2248), (0x2260, 0x2265), (0x2295, 0x2299),
    (0x25A0, 0x25A1), (0x25B2, 0x25BD), (0x25CB, 0x25CF), (0x2713, 0x2717), (0x22C5, 0x22C5),
]
UNICODES = [c for low, high in RANGES for c in range(low, high + 1)]
FACES = {"regular": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}


def main(folder: Path) -> None:
    tables = {}
    for face, name in FACES.items():
        options = subset.Options()
        options.hinting = False
        options.layout_features = []
        options.drop_tables += ["GPOS", "GSUB", "GDEF", "kern", "FFTM"]
        font = TTFont(folder / name)
        maker = subset.Subsetter(options)
        maker.populate(unicodes=UNICODES)
        maker.subset(font)
        font.save(ROOT / "fonts" / f"figures-{face}.ttf")
        cmap, metrics = font.getBestCmap(), font["hmtx"]
        scale = 1000 / font["head"].unitsPerEm
        tables[face] = {c: round(metrics[cmap[c]][0] * scale) for c in UNICODES if c in cmap}
    lines = [
        "/** Made by scripts/make_figure_font.py: do not edit. */",
        "",
        "/** Advance widths of runs of characters, in thousandths of the font size. */",
        "export type WidthRun = readonly [firstCodePoint: number, widths: readonly number[]];",
    ]
    for face, widths in tables.items():
        lines += ["", f"/** Widths of the {face} face. */"]
        lines += [f"export const {face}Widths: readonly WidthRun[] = ["]
        for low, high in RANGES:
            run = [widths.get(c, 0) for c in range(low, high + 1)]
            lines.append(f"  [{low}, [{', '.join(map(str, run))}]],")
        lines.append("];")
    (ROOT / "src/figures/font-widths.ts").write_text("\n".join(lines) + "\n")


main(Path(sys.argv[1]))
