//! Results as one HTML page that needs nothing else: plots (SVG), tables, and what they were taken on.

use anyhow::{Result, anyhow};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

use super::results::{Figure, Point, Results, Sample, Scenario, thousands};
use super::table;

/// Of a plot, in pixels before the page scales it: two stand side by side on a wide page, one on a telephone, and
/// letters are readable on both.
const SIZE: (u32, u32) = (480, 330);

/// How much wider a plot with a legend is.
const LEGEND: u32 = 150;

/// Of the letters in a plot; plotters makes them a fifth smaller.
const LETTERS: u32 = 21;

/// Colours that can be told apart with each kind of colour blindness (Okabe and Ito), a little darker on white and a
/// little lighter on black than theirs.
const LIGHT: Theme = Theme {
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
const DARK: Theme = Theme {
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

/// The signs of the series, as the legend shows them: colour is not all that tells them apart.
const SIGNS: [&str; 6] = ["●", "▲", "■", "○", "✕", "◆"];

fn sign_of(subject: usize) -> &'static str {
    SIGNS[subject % SIGNS.len()]
}

/// Another one for each sign when the signs come again, so that 36 can be told apart.
fn colour_of(subject: usize) -> usize {
    (subject + subject / SIGNS.len()) % SIGNS.len()
}

struct Theme {
    name: &'static str,
    ink: RGBColor,
    faint: RGBColor,
    series: [RGBColor; 6],
}

/// A picture of the results.
struct Plot {
    /// Of its file.
    name: &'static str,
    title: String,
    /// What the axes are.
    across: &'static str,
    up: &'static str,
    /// The places on the horizontal axis: numbers of connections, most often.
    labels: Vec<String>,
    /// How a number on the vertical axis is written.
    written: fn(f64) -> String,
    is_logarithmic: bool,
    series: Vec<Series>,
}

struct Series {
    subject: usize,
    /// At which place, how much.
    figures: Vec<(usize, Figure)>,
}

/// The whole page.
///
/// # Errors
///
/// A plot cannot be drawn.
pub fn page(results: &Results) -> Result<String> {
    let plots = plots(results);
    let mut figures = Vec::new();
    for plot in &plots {
        figures.push((plot, plot.svg(&LIGHT, None)?, plot.svg(&DARK, None)?));
    }
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Netlab: what servers cost" }
                style { (PreEscaped(style())) }
            }
            body {
                h1 { "What servers cost" }
                p { (results.machine.describe()) "." }
                p { (table::conditions(results)) "; bars reach from the least to the most." }
                p.legend {
                    @for (subject, name) in results.subjects.iter().enumerate() {
                        span class=(format!("s{}", colour_of(subject))) {
                            b { (sign_of(subject)) } " " (name)
                        }
                    }
                }
                div.plots {
                    @for (plot, light, dark) in &figures {
                        figure id=(plot.name) {
                            figcaption { (plot.title) }
                            div.light { (PreEscaped(light)) }
                            div.dark { (PreEscaped(dark)) }
                        }
                    }
                }
                @for point in results.points() { (times(results, point)) }
                (memory(results))
                @for line in table::legend(results).iter().chain(&results.notes) { p.small { (line) } }
            }
        }
    };
    Ok(page.into_string())
}

/// Each plot as files of its own, with a legend, for where a page does not fit: their names and texts.
///
/// # Errors
///
/// A plot cannot be drawn.
pub fn files(results: &Results) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for plot in plots(results) {
        for theme in [&LIGHT, &DARK] {
            let name = format!("{}-{}.svg", plot.name, theme.name);
            files.push((name, plot.svg(theme, Some(&results.subjects))?));
        }
    }
    Ok(files)
}

fn style() -> String {
    let colours = |theme: &Theme| {
        let colour =
            |colour: RGBColor| format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2);
        let series = theme.series.iter().enumerate();
        let series: String =
            series.map(|(place, &it)| format!("--s{place}:{};", colour(it))).collect();
        format!("--ink:{};--faint:{};{series}", colour(theme.ink), colour(theme.faint))
    };
    let classes: String =
        (0..SIGNS.len()).map(|place| format!(".s{place} b{{color:var(--s{place})}}")).collect();
    let (light, dark) = (colours(&LIGHT), colours(&DARK));
    format!(
        ":root{{--paper:#fff;{light}}}\
         body{{margin:0 auto;padding:1rem;max-width:80rem;background:var(--paper);color:var(--ink);\
         font:1rem/1.5 system-ui,sans-serif}}\
         h1,h2{{line-height:1.2}}h2{{font-size:1.1rem;margin:2rem 0 .5rem}}\
         .legend span{{display:inline-block;margin-right:1.5rem}}\
         .plots{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:1.5rem}}\
         figure{{margin:0}}figcaption{{font-weight:600}}\
         svg{{display:block;width:100%;height:auto}}\
         .dark{{display:none}}\
         .wide{{overflow-x:auto}}\
         table{{border-collapse:collapse;font-variant-numeric:tabular-nums;white-space:nowrap}}\
         th,td{{padding:.25rem .75rem;text-align:right;border-bottom:1px solid var(--faint)}}\
         th:first-child,td:first-child{{text-align:left;padding-left:0}}\
         td.trouble{{text-align:left;white-space:normal;min-width:14rem}}\
         .small{{font-size:.9rem}}{classes}\
         @media(prefers-color-scheme:dark){{:root{{--paper:#14171a;{dark}}}\
         .light{{display:none}}.dark{{display:block}}}}"
    )
}

/// The table of one point.
fn times(results: &Results, point: Point) -> Markup {
    let ranks = results.ranks(point);
    html! {
        h2 { (table::title(results, point)) }
        div.wide {
            table {
                thead { tr { th scope="col" {} @for head in table::TIMES { th scope="col" { (head) } } } }
                tbody {
                    @for cell in results.row_of(point) {
                        tr {
                            td { (results.subjects[cell.subject]) }
                            @if let Some(row) = table::times(results, cell) {
                                @for text in row { td { (text) } }
                            } @else if let Some(trouble) = &cell.trouble {
                                td.trouble colspan=(table::TIMES.len()) {
                                    (trouble.short())
                                    @for line in trouble.last_words() { br; code { (line.trim()) } }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if ranks.iter().map(Vec::len).sum::<usize>() > 1 {
            p.small { "Least CPU first: " (table::ranking(results, &ranks)) "." }
        }
        @if point.scenario == Scenario::FixedRate {
            @if let Some(text) = table::omission(results, point) { p.small { (text) "." } }
        }
    }
}

fn memory(results: &Results) -> Markup {
    let rows = table::memory_rows(results);
    html! {
        @if !rows.is_empty() {
            h2 { "What connections cost" }
            div.wide {
                table {
                    thead {
                        tr {
                            @for head in ["", "connections", "connect", "memory, idle", "memory, busy", "threads"] {
                                th scope="col" { (head) }
                            }
                        }
                    }
                    tbody {
                        @for row in rows { tr { @for text in row { td { (text) } } } }
                    }
                }
            }
            p.small { (table::MEMORY) }
        }
    }
}

/// A number of bytes on an axis of powers of ten.
fn decimal(bytes: f64) -> String {
    match bytes {
        ..1e3 => format!("{bytes:.0} B"),
        ..1e6 => format!("{:.0} kB", bytes / 1e3),
        _ => format!("{:.0} MB", bytes / 1e6),
    }
}

/// All pictures for which there are numbers.
fn plots(results: &Results) -> Vec<Plot> {
    let connections = |point: &Point| thousands(point.connections);
    let idle = |point: &Point| thousands(point.connections - point.active);
    let of = |scenario: Scenario| {
        let mut points = results.points();
        points.retain(|point| point.scenario == scenario);
        points
    };
    let series = |points: &[Point], number: fn(&Sample) -> f64| -> Vec<Series> {
        let all = (0..results.subjects.len()).map(|subject| {
            let figures = points.iter().enumerate().filter_map(|(place, point)| {
                let cells = results.row_of(*point);
                let cell = cells.into_iter().find(|cell| cell.subject == subject)?;
                Some((place, cell.figure(number)?))
            });
            Series { subject, figures: figures.collect() }
        });
        all.filter(|series| !series.figures.is_empty()).collect()
    };
    let ping_pong = of(Scenario::PingPong);
    let beside_idle = of(Scenario::Idle);
    let mut large = ping_pong.clone();
    large.retain(|point| point.connections >= table::ENOUGH_FOR_MEMORY);
    let across = "clients that ask";
    let plots = [
        Plot {
            name: "cpu",
            title: "CPU time for a round trip".to_owned(),
            across,
            up: "CPU time",
            labels: ping_pong.iter().map(connections).collect(),
            written: table::short,
            is_logarithmic: false,
            series: series(&ping_pong, |sample| sample.cpu / 1e9),
        },
        Plot {
            name: "idle",
            title: format!("CPU time for a round trip, {} clients among idle ones", super::ACTIVE),
            across: "idle clients",
            up: "CPU time",
            labels: beside_idle.iter().map(idle).collect(),
            written: table::short,
            is_logarithmic: false,
            series: series(&beside_idle, |sample| sample.cpu / 1e9),
        },
        Plot {
            name: "rate",
            title: "Round trips a second".to_owned(),
            across,
            up: "round trips a second",
            labels: ping_pong.iter().map(connections).collect(),
            written: |number| thousands(number as usize),
            is_logarithmic: false,
            series: series(&ping_pong, |sample| sample.rate),
        },
        Plot {
            name: "p99",
            title: "99 of 100 round trips take at most".to_owned(),
            across,
            up: "time",
            labels: ping_pong.iter().map(connections).collect(),
            written: table::short,
            is_logarithmic: true,
            series: series(&ping_pong, |sample| sample.latency.p99.as_secs_f64()),
        },
        Plot {
            name: "memory",
            title: "Memory of the server for each connection".to_owned(),
            across: "connections",
            up: "memory",
            labels: large.iter().map(connections).collect(),
            written: decimal,
            is_logarithmic: true,
            series: series(&large, |sample| sample.memory_busy.max(1.0)),
        },
    ];
    plots.into_iter().filter(|plot| !plot.series.is_empty()).collect()
}

impl Plot {
    /// Draws it; where `names` are given, with a title and a legend.
    fn svg(&self, theme: &Theme, names: Option<&[String]>) -> Result<String> {
        let mut text = String::new();
        let (width, height) = (SIZE.0 + names.map_or(0, |_| LEGEND), SIZE.1);
        {
            let area = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
            let figures = self.series.iter().flat_map(|series| &series.figures);
            let (least, most) = figures.fold((f64::MAX, f64::MIN), |(least, most), (_, figure)| {
                (least.min(figure.least), most.max(figure.most))
            });
            let drawn = if self.is_logarithmic {
                // Whole powers of ten, so that there are two labels at least.
                let low = 10_f64.powf(least.log10().floor());
                let high = 10_f64.powf(most.log10().ceil()).max(10.0 * low);
                self.draw(&area, theme, names, (low..high).log_scale())
            } else {
                self.draw(&area, theme, names, 0.0..most * 1.05)
            };
            drawn.and_then(|()| area.present().map_err(|error| anyhow!("{error}")))?;
        }
        // It is scaled by the page, and is read aloud by its title.
        let sized = format!("<svg width=\"{width}\" height=\"{height}\"");
        let named = format!("<svg role=\"img\" aria-label=\"{}\"", self.title);
        Ok(text.replacen(&sized, &named, 1))
    }

    fn draw<Y>(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
        theme: &Theme,
        names: Option<&[String]>,
        up: Y,
    ) -> Result<()>
    where
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let failed = |error: DrawingAreaErrorKind<std::io::Error>| {
            anyhow!("cannot draw {}: {error}", self.name)
        };
        let letters = |size: u32| ("sans-serif", size).into_font().color(&theme.ink);
        let across = -0.4..self.labels.len() as f64 - 0.6;
        let mut chart = ChartBuilder::on(area);
        if names.is_some() {
            chart.caption(&self.title, letters(LETTERS));
        }
        let mut chart = chart
            .margin(8)
            .margin_right(if names.is_some() { LEGEND } else { 16 })
            .x_label_area_size(3 * LETTERS)
            .y_label_area_size(5 * LETTERS + LETTERS / 2)
            .build_cartesian_2d(across, up)
            .map_err(failed)?;
        // The axis may have lines between two places, too.
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
            .label_style(letters(LETTERS))
            .axis_desc_style(letters(LETTERS))
            .x_labels(self.labels.len())
            .x_desc(self.across)
            .y_desc(self.up)
            .y_labels(6)
            .x_label_formatter(&label)
            .y_label_formatter(&|number: &f64| (self.written)(*number))
            .draw()
            .map_err(failed)?;
        let all = self.series.len() as f64;
        for (index, Series { subject, figures }) in self.series.iter().enumerate() {
            let (sign, colour) = (sign_of(*subject), theme.series[colour_of(*subject)]);
            // Side by side, so that equal ones do not hide one another.
            let aside = (index as f64 - (all - 1.0) / 2.0) * 0.06;
            let at = |place: usize| place as f64 + aside;
            let line = figures.iter().map(|&(place, figure)| (at(place), figure.median));
            let line = PathElement::new(line.collect::<Vec<_>>(), colour.stroke_width(2));
            chart.draw_series([line]).map_err(failed)?;
            let bars = figures.iter().map(|&(place, Figure { least, median, most })| {
                ErrorBar::new_vertical(at(place), least, median, most, colour.stroke_width(2), 6)
            });
            chart.draw_series(bars).map_err(failed)?;
            let (full, thick) = (colour.filled(), colour.stroke_width(2));
            let corners: &[(i32, i32)] = match sign {
                "▲" => &[(0, -6), (6, 5), (-6, 5)],
                "■" => &[(-5, -5), (5, -5), (5, 5), (-5, 5)],
                "◆" => &[(0, -7), (7, 0), (0, 7), (-7, 0)],
                _ => &[],
            };
            for &(place, figure) in figures {
                let here = || EmptyElement::at((at(place), figure.median));
                let drawn = match sign {
                    "●" => chart.draw_series([here() + Circle::new((0, 0), 5, full)]),
                    "○" => chart.draw_series([here() + Circle::new((0, 0), 6, thick)]),
                    "✕" => {
                        let falling = PathElement::new([(-5, -5), (5, 5)], thick);
                        let rising = PathElement::new([(-5, 5), (5, -5)], thick);
                        chart.draw_series([here() + falling + rising])
                    }
                    _ => chart.draw_series([here() + Polygon::new(corners, full)]),
                };
                drawn.map_err(failed)?;
            }
        }
        // Beside the plot: in it there is no place that is surely free.
        for (index, series) in self.series.iter().enumerate() {
            let Some(name) = names.and_then(|names| names.get(series.subject)) else { break };
            let (left, top) = (SIZE.0 as i32, 60 + index as i32 * (LETTERS as i32 + 4));
            let colour = theme.series[colour_of(series.subject)];
            let sign = (sign_of(series.subject), letters(LETTERS).color(&colour));
            for ((text, style), left) in
                [sign, (name, letters(LETTERS))].into_iter().zip([left, left + 20])
            {
                area.draw(&Text::new(text, (left, top), style)).map_err(failed)?;
            }
        }
        Ok(())
    }
}
