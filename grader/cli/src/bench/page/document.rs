//! The page's HTML.

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use plotters::style::RGBColor;

use super::plots::plots;
use super::theme::{DARK, LIGHT, SIGNS, Theme, colour_of, sign_of};
use crate::bench::results::{Measurement, Point, Results};
use crate::bench::summary;

/// The whole page.
///
/// # Errors
///
/// A plot cannot be drawn.
pub(crate) fn page(results: &Results) -> Result<String> {
    let mut figures = Vec::new();
    for plot in plots(results) {
        let (light, dark) = (plot.svg(&LIGHT, None)?, plot.svg(&DARK, None)?);
        figures.push((plot, light, dark));
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
                p { (summary::conditions(results)) "; bars span the minimum to the maximum." }
                p.legend {
                    @for (program, name) in results.programs.iter().enumerate() {
                        span class=(format!("s{}", colour_of(program))) {
                            b { (sign_of(program)) } " " (name)
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
                @for line in summary::legend(results).iter().chain(&results.notes) { p.small { (line) } }
            }
        }
    };
    Ok(page.into_string())
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

/// The table of one point, and the sentences about it.
fn times(results: &Results, point: Point) -> Markup {
    html! {
        h2 { (summary::title(results, point)) }
        div.wide {
            table {
                thead {
                    tr { th scope="col" {} @for head in summary::TIME_COLUMNS { th scope="col" { (head) } } }
                }
                tbody {
                    @for measurement in results.at(point) {
                        tr {
                            td { (results.programs[measurement.program]) }
                            (time_cells(results, measurement))
                        }
                    }
                }
            }
        }
        @if let Some(ranking) = summary::ranking(results, point) {
            p.small { "Least CPU first: " (ranking) "." }
        }
        @if let Some(text) = summary::coordinated_omission(results, point) { p.small { (text) "." } }
    }
}

fn time_cells(results: &Results, measurement: &Measurement) -> Markup {
    html! {
        @if let Some(row) = summary::time_row(results, measurement) {
            @for text in row { td { (text) } }
        } @else if let Some(reason) = &measurement.not_measured {
            td.trouble colspan=(summary::TIME_COLUMNS.len()) {
                (reason.short())
                @for line in reason.last_words() { br; code { (line.trim()) } }
            }
        }
    }
}

fn memory(results: &Results) -> Markup {
    let rows = summary::memory_rows(results);
    html! {
        @if !rows.is_empty() {
            h2 { "What connections cost" }
            div.wide {
                table {
                    thead { tr { @for head in summary::MEMORY_COLUMNS { th scope="col" { (head) } } } }
                    tbody {
                        @for row in rows { tr { @for text in row { td { (text) } } } }
                    }
                }
            }
            p.small { (summary::MEMORY_NOTE) }
        }
    }
}
