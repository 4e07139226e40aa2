//! One plot, drawn as SVG.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::theme::{Theme, colour_of, sign_of};
use crate::bench::results::Figure;

/// The size of a plot in pixels, before the page scales it. A wide page shows two side by side and a phone one, with
/// readable text on both.
const SIZE: (u32, u32) = (480, 330);

/// The extra width of a plot with a legend.
const LEGEND: u32 = 150;

/// The font size in a plot; plotters makes it a fifth smaller.
const LETTERS: u32 = 21;

/// A plot of the results.
pub(super) struct Plot {
    /// The name of its file.
    pub name: &'static str,
    pub title: String,
    /// The labels of the axes.
    pub across: &'static str,
    pub up: &'static str,
    /// The positions on the horizontal axis: usually numbers of connections.
    pub labels: Vec<String>,
    /// Formats a number on the vertical axis.
    pub label_of: fn(f64) -> String,
    pub is_logarithmic: bool,
    pub series: Vec<Series>,
}

/// The figures of one program.
pub(super) struct Series {
    pub program: usize,
    /// The position on the horizontal axis, and the figure there.
    pub figures: Vec<(usize, Figure)>,
}

type Area<'s> = DrawingArea<SVGBackend<'s>, Shift>;
type Chart<'a, 's, Y> = ChartContext<'a, SVGBackend<'s>, Cartesian2d<RangedCoordf64, Y>>;

/// The error that plotters returns.
type DrawError = DrawingAreaErrorKind<std::io::Error>;

impl Plot {
    /// Draws it, with a title and a legend if `names` are given.
    pub fn svg(&self, theme: &Theme, names: Option<&[String]>) -> Result<String> {
        let mut text = String::new();
        let (width, height) = (SIZE.0 + names.map_or(0, |_| LEGEND), SIZE.1);
        {
            let area = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
            let figures = self.series.iter().flat_map(|series| &series.figures);
            let (min, max) = figures.fold((f64::MAX, f64::MIN), |(min, max), (_, figure)| {
                (min.min(figure.min), max.max(figure.max))
            });
            let drawn = if self.is_logarithmic {
                // Whole powers of ten, so that the axis has at least two labels.
                let low = 10_f64.powf(min.log10().floor());
                let high = 10_f64.powf(max.log10().ceil()).max(10.0 * low);
                self.draw(&area, theme, names, (low..high).log_scale())
            } else {
                self.draw(&area, theme, names, 0.0..max * 1.05)
            };
            let drawn = drawn.and_then(|()| area.present());
            drawn.map_err(|error| anyhow!("cannot draw {}: {error}", self.name))?;
        }
        // The page scales it, and screen readers read its title.
        let sized = format!("<svg width=\"{width}\" height=\"{height}\"");
        let named = format!("<svg role=\"img\" aria-label=\"{}\"", self.title);
        Ok(text.replacen(&sized, &named, 1))
    }

    fn draw<Y>(
        &self,
        area: &Area<'_>,
        theme: &Theme,
        names: Option<&[String]>,
        up: Y,
    ) -> Result<(), DrawError>
    where
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let across = -0.4..self.labels.len() as f64 - 0.6;
        let mut chart = ChartBuilder::on(area);
        if names.is_some() {
            chart.caption(&self.title, letters(theme.ink));
        }
        let mut chart = chart
            .margin(8)
            .margin_right(if names.is_some() { LEGEND } else { 16 })
            .x_label_area_size(3 * LETTERS)
            .y_label_area_size(5 * LETTERS + LETTERS / 2)
            .build_cartesian_2d(across, up)?;
        self.draw_axes(&mut chart, theme)?;
        let all = self.series.len() as f64;
        for (index, series) in self.series.iter().enumerate() {
            // Side by side, so that equal figures do not hide each other.
            let aside = (index as f64 - (all - 1.0) / 2.0) * 0.06;
            series.draw(&mut chart, theme, aside)?;
        }
        names.map_or(Ok(()), |names| self.draw_legend(area, theme, names))
    }

    fn draw_axes<Y>(&self, chart: &mut Chart<'_, '_, Y>, theme: &Theme) -> Result<(), DrawError>
    where
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        // plotters may also ask for labels between two positions.
        let label = |place: &f64| {
            let is_place = (place - place.round()).abs() < 1e-6 && place.round() >= 0.0;
            let label = is_place.then(|| self.labels.get(place.round() as usize)).flatten();
            label.cloned().unwrap_or_default()
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(theme.faint)
            .axis_style(theme.ink)
            .label_style(letters(theme.ink))
            .axis_desc_style(letters(theme.ink))
            .x_labels(self.labels.len())
            .x_desc(self.across)
            .y_desc(self.up)
            .y_labels(6)
            .x_label_formatter(&label)
            .y_label_formatter(&|number: &f64| (self.label_of)(*number))
            .draw()
    }

    /// Draws the legend beside the plot: no place inside is guaranteed to be free.
    fn draw_legend(
        &self,
        area: &Area<'_>,
        theme: &Theme,
        names: &[String],
    ) -> Result<(), DrawError> {
        for (index, series) in self.series.iter().enumerate() {
            let Some(name) = names.get(series.program) else { break };
            let (left, top) = (SIZE.0 as i32, 60 + index as i32 * (LETTERS as i32 + 4));
            let colour = theme.series[colour_of(series.program)];
            area.draw(&Text::new(sign_of(series.program), (left, top), letters(colour)))?;
            area.draw(&Text::new(name.as_str(), (left + 20, top), letters(theme.ink)))?;
        }
        Ok(())
    }
}

impl Series {
    /// Draws a line through the medians, a bar from minimum to maximum at each, and a sign on it; everything is shifted
    /// to the right by `aside`.
    fn draw<Y>(
        &self,
        chart: &mut Chart<'_, '_, Y>,
        theme: &Theme,
        aside: f64,
    ) -> Result<(), DrawError>
    where
        Y: Ranged<ValueType = f64>,
    {
        let colour = theme.series[colour_of(self.program)];
        let at = |place: usize| place as f64 + aside;
        let medians = self.figures.iter().map(|&(place, figure)| (at(place), figure.median));
        let medians: Vec<_> = medians.collect();
        chart.draw_series([PathElement::new(medians.clone(), colour.stroke_width(2))])?;
        let bars = self.figures.iter().map(|&(place, Figure { min, median, max })| {
            ErrorBar::new_vertical(at(place), min, median, max, colour.stroke_width(2), 6)
        });
        chart.draw_series(bars)?;
        for median in medians {
            draw_sign(chart, sign_of(self.program), colour, median)?;
        }
        Ok(())
    }
}

fn draw_sign<Y>(
    chart: &mut Chart<'_, '_, Y>,
    sign: &str,
    colour: RGBColor,
    at: (f64, f64),
) -> Result<(), DrawError>
where
    Y: Ranged<ValueType = f64>,
{
    let (full, thick) = (colour.filled(), colour.stroke_width(2));
    let here = || EmptyElement::at(at);
    let corners: &[(i32, i32)] = match sign {
        "▲" => &[(0, -6), (6, 5), (-6, 5)],
        "■" => &[(-5, -5), (5, -5), (5, 5), (-5, 5)],
        "◆" => &[(0, -7), (7, 0), (0, 7), (-7, 0)],
        _ => &[],
    };
    match sign {
        "●" => chart.draw_series([here() + Circle::new((0, 0), 5, full)]),
        "○" => chart.draw_series([here() + Circle::new((0, 0), 6, thick)]),
        "✕" => {
            let falling = PathElement::new([(-5, -5), (5, 5)], thick);
            let rising = PathElement::new([(-5, 5), (5, -5)], thick);
            chart.draw_series([here() + falling + rising])
        }
        _ => chart.draw_series([here() + Polygon::new(corners, full)]),
    }?;
    Ok(())
}

fn letters(colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", LETTERS).into_font().color(&colour)
}
