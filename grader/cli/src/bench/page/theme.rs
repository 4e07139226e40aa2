//! The colours and signs of the series.

use plotters::style::RGBColor;

/// The colours of a light or dark page.
pub(super) struct Theme {
    pub name: &'static str,
    pub ink: RGBColor,
    pub faint: RGBColor,
    pub series: [RGBColor; 6],
}

// Colours that are distinguishable with every kind of colour blindness (Okabe and Ito), a little darker on white and a
// little lighter on black than theirs.
pub(super) const LIGHT: Theme = Theme {
    name: "light",
    ink: RGBColor(0x22, 0x26, 0x2b),
    faint: RGBColor(0xd5, 0xd9, 0xde),
    series: [
        RGBColor(0x00, 0x62, 0xa3),
        RGBColor(0xc4, 0x4e, 0x00),
        RGBColor(0x00, 0x7d, 0x5a),
        RGBColor(0xb0, 0x4f, 0x8a),
        RGBColor(0x7d, 0x63, 0x00),
        RGBColor(0x3a, 0x3f, 0x46),
    ],
};
pub(super) const DARK: Theme = Theme {
    name: "dark",
    ink: RGBColor(0xe4, 0xe7, 0xea),
    faint: RGBColor(0x3b, 0x41, 0x49),
    series: [
        RGBColor(0x56, 0xb4, 0xe9),
        RGBColor(0xff, 0x98, 0x40),
        RGBColor(0x2c, 0xd0, 0xa0),
        RGBColor(0xe0, 0x98, 0xc4),
        RGBColor(0xf0, 0xd8, 0x42),
        RGBColor(0xc4, 0xca, 0xd2),
    ],
};

/// The signs of the series, as the legend shows them, so that series differ not only in colour.
pub(super) const SIGNS: [&str; 6] = ["●", "▲", "■", "○", "✕", "◆"];

/// The sign of program number `program`.
pub(super) fn sign_of(program: usize) -> &'static str {
    SIGNS[program % SIGNS.len()]
}

/// The index of its colour in [`Theme::series`]. When the signs repeat, each gets another colour, so that 36 programs
/// are distinguishable.
pub(super) fn colour_of(program: usize) -> usize {
    (program + program / SIGNS.len()) % SIGNS.len()
}
