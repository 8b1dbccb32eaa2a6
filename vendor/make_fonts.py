"""Makes the two subsets of fonts anew: python vendor/make_fonts.py FOLDER

FOLDER holds NotoSansArabic-Regular.ttf and NotoSansTifinagh-Regular.ttf, such as those of Debian's package fonts-noto-core.
"""

import sys
from pathlib import Path

from fontTools import subset

PLACE = Path(__file__).parent.parent / "src" / "amana" / "web" / "vendor"
FONTS = {
    "arabic.woff2": (
        "NotoSansArabic-Regular.ttf",
        "U+060C,U+061B,U+061F,U+0621-063A,U+0640-0652,U+0020,U+00A0",
        ("ccmp", "isol", "fina", "medi", "init", "rlig", "mark", "mkmk"),
    ),
    "tifinagh.woff2": ("NotoSansTifinagh-Regular.ttf", "U+2D30-2D67,U+2D6F,U+0020", ("ccmp",)),
}
"""What each is made from, the letters that it keeps, and the features that join them."""


def main() -> None:
    """Write both where the portal has them."""
    source = Path(sys.argv[1])
    for name, (origin, letters, features) in FONTS.items():
        subset.main(
            [
                str(source / origin),
                f"--unicodes={letters}",
                f"--layout-features={','.join(features)}",
                "--flavor=woff2",
                "--no-hinting",
                "--desubroutinize",
                "--drop-tables+=FFTM,DSIG,gasp",
                "--name-IDs=0",
                "--no-notdef-outline",
                f"--output-file={PLACE / name}",
            ]
        )


if __name__ == "__main__":
    main()
