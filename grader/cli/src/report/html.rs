//! Reports as one HTML page that needs no other file, no network and no script.

use course::explanations::{CheckExplanation, Explanations, SlideReference};
use course::labs::Category;
use course::text::{printable, time};
use engine::lab::Check;
use engine::run::{Outcome, Verdict};
use engine::verdict::{Difference, Event, Excerpt, Failure, FailureKind, Line, Step};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::json::BuildFailure;
use super::model::Report;

/// A program under test may print anything, so only the first lines, and the beginning of each, are shown.
const MAX_LINES: usize = 200;
const MAX_LINE: usize = 2000;

/// The page with all `reports` and the errors of labs that did not compile. `slide` returns the address of a slide, if
/// the slides are built.
pub fn page(
    reports: &[Report],
    not_built: &[BuildFailure],
    slide: &dyn Fn(&SlideReference) -> Option<String>,
) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Netlab: report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @for failure in not_built {
                    h1 { "Lab " (format!("{:02}", failure.lab)) " does not compile" }
                    pre { (plain(&anstream::adapter::strip_str(&failure.errors).to_string())) }
                }
                @for report in reports { (lab(report, slide)) }
            }
        }
    };
    page.into_string()
}

/// `text` without control characters, up to [`MAX_LINES`] lines of [`MAX_LINE`] characters.
fn plain(text: &str) -> String {
    let lines = text.lines().take(MAX_LINES).map(|line| printable(line, MAX_LINE));
    let mut lines: Vec<_> = lines.collect();
    if text.lines().nth(MAX_LINES).is_some() {
        lines.push("…".to_owned());
    }
    lines.join("\n")
}

fn lab(report: &Report, slide: &dyn Fn(&SlideReference) -> Option<String>) -> Markup {
    let (got, all) = report.score();
    let is_complete = got == all;
    let explanations = Explanations::parse(report.lab.explanations).unwrap_or_default();
    let outcomes = &report.outcomes;
    let (passed, others): (Vec<_>, Vec<_>) = outcomes
        .iter()
        .filter(|outcome| !matches!(outcome.verdict, Verdict::Failed(_)))
        .partition(|outcome| matches!(outcome.verdict, Verdict::Passed));
    html! {
        h1 { "Lab " (report.lab.digits()) " · " (report.lab.title) }
        p.meta { (plain(&report.program)) " · seed " code { (format!("{:08x}", report.seed)) } }
        p.score.good[is_complete].bad[!is_complete] {
            b { (got) " of " (all) " points" }
            @for category in Category::ALL {
                @let (got, all) = report.score_in(category);
                @if all > 0 { span { (category.name()) " " (got) "/" (all) } }
            }
        }
        @for remark in &report.remarks { p.note { (plain(remark)) } }
        @for (check, failure) in report.failures() {
            (failure_of(report, check, failure, explanations.get(&check.id()), slide))
        }
        @if !others.is_empty() {
            h2 { "Without a verdict" }
            (table(&others))
        }
        @if !passed.is_empty() {
            details {
                summary { (course::text::count(passed.len(), "check")) " passed" }
                (table(&passed))
            }
        }
        @if let Some(next) = &report.next {
            p.next { (next.text) @if let Some(command) = &next.command { " " code { (command) } } }
        }
    }
}

/// A table of checks that did not fail.
fn table(outcomes: &[&Outcome]) -> Markup {
    html! {
        div.wide { table { tbody { @for outcome in outcomes {
            @let check = outcome.check;
            tr {
                td { code { (check.id()) } }
                td.number { @if check.points > 0 { (outcome.points()) "/" (check.points) } }
                td.number { @if outcome.tries > 0 { (time(outcome.elapsed)) } }
                td.rule {
                    (check.rule)
                    @match &outcome.verdict {
                        Verdict::Inconclusive(reason) => { br; "inconclusive: " (plain(reason)) }
                        Verdict::Blocked { by } => { br; "not run: needs " code { (by.id()) } }
                        Verdict::Interrupted => { br; "not run: the run was interrupted" }
                        _ => {}
                    }
                    @for note in &outcome.notes { br; (plain(note)) }
                }
            }
        } } } }
    }
}

fn failure_of(
    report: &Report,
    check: &Check,
    failure: &Failure,
    explanation: Option<&CheckExplanation>,
    slide: &dyn Fn(&SlideReference) -> Option<String>,
) -> Markup {
    let text = failure.text();
    let again = report.again(check);
    let is_written = !matches!(failure.kind, FailureKind::NotWritten { .. });
    html! {
        section id=(check.id().replace('/', "-")) {
            h2 { "✗ " code { (check.id()) } }
            p.rule { (check.rule) }
            @if is_written { (verdict(failure, &text.expected, &text.observed)) }
            @if !text.cause.is_empty() {
                h3 { @if is_written { "Likely cause" } @else { "Not written yet" } }
                p.cause { (plain(&text.cause)) }
                @if let FailureKind::NotWritten { todo, place, .. } = &failure.kind {
                    @if let Some(place) = place { p { code { (plain(place)) } } }
                    @if let Some(text) = report.task_of_gap(check, todo) { p { (text) } }
                }
            }
            @if is_written {
                h3 { "On the wire" }
                (wire(&failure.transcript))
            }
            @if is_written && !text.evidence.is_empty() {
                h3 { "Evidence" }
                pre { (plain(&text.evidence.join("\n"))) }
            }
            @if let (true, Some(explanation)) = (is_written, explanation) {
                h3 { "Why it matters" }
                p { (explanation.why) }
                @if let Some(hint) = explanation.hints.first() { p { b { "Hint: " } (hint) } }
                @if !explanation.by_hand.is_empty() {
                    h3 { "Try it by hand" }
                    pre { (explanation.by_hand.join("\n")) }
                }
                @if let Some(reference) = &explanation.slide {
                    p {
                        "The slide: " code { (reference.command()) }
                        @if let Some(address) = slide(reference) { " · " a href=(address) { "open it" } }
                    }
                }
            }
            p { "To run it again: " code { (again) } }
        }
    }
}

/// What was expected beside what was seen.
fn verdict(failure: &Failure, expected: &[String], observed: &[Line]) -> Markup {
    let seen = |line: &Line| match line {
        Line::Prose(text) | Line::Aligned(text) => plain(text),
    };
    html! {
        div.sides {
            div {
                h3 { @if expected.len() > 1 { "Expected, one of" } @else { "Expected" } }
                @for line in expected { p { (plain(line)) } }
            }
            div {
                h3 { "Observed" }
                @if let FailureKind::WrongBytes { difference } = &failure.kind {
                    (bytes(difference))
                    // The lines after the four of the difference.
                    @for line in observed.iter().skip(4) { p { (seen(line)) } }
                } @else {
                    @for line in observed { p { (seen(line)) } }
                }
            }
        }
    }
}

/// Both byte strings, with the first wrong byte marked.
fn bytes(difference: &Difference) -> Markup {
    let Difference { offset, expected, received, equal } = difference;
    let row = |excerpt: &Excerpt| {
        let (same, rest) = excerpt.bytes.split_at((*equal).min(excerpt.bytes.len()));
        let (wrong, rest) = rest.split_at(1.min(rest.len()));
        html! {
            code {
                "\"" @if excerpt.cut_before { "…" }
                (same.escape_ascii().to_string())
                mark { @if wrong.is_empty() { "(the end)" } @else { (wrong.escape_ascii().to_string()) } }
                (rest.escape_ascii().to_string())
                @if excerpt.cut_after { "…" } "\""
            }
        }
    };
    html! {
        p { "byte " (offset) " is wrong:" }
        div.wide { table { tbody {
            tr { th scope="row" { "want" } td { (row(expected)) } }
            tr { th scope="row" { "got" } td { (row(received)) } }
        } } }
    }
}

/// How an event is drawn between the grader's side, on the left, and the program.
struct Arrow {
    class: &'static str,
    label: String,
}

/// The arrow of an event; `None` if the event is not a message between the two.
fn arrow(event: &Event) -> Option<Arrow> {
    let arrow = |class, label: String| Some(Arrow { class, label });
    match event {
        Event::Connected => arrow("to", "connect".to_owned()),
        Event::Accepted => arrow("from", "connect".to_owned()),
        Event::Sent(bytes) => arrow("to", bytes.to_string()),
        Event::Received(bytes) => arrow("from", bytes.to_string()),
        Event::Input(bytes) => arrow("to", format!("standard input: {bytes}")),
        Event::Output(bytes) => arrow("from", format!("standard output: {bytes}")),
        Event::CloseNotify => arrow("to close", "close_notify".to_owned()),
        Event::ShutdownWrite => arrow("to close", "FIN".to_owned()),
        Event::EndOfStream => arrow("from close", "FIN".to_owned()),
        Event::Reset => arrow("to reset", "RST".to_owned()),
        Event::Signal { name } => arrow("to signal", name.clone()),
        Event::Broken { reason } => arrow("from reset", reason.clone()),
        Event::Action { .. } | Event::Started | Event::Ended { .. } | Event::LeftOut { .. } => None,
    }
}

/// The transcript as a sequence diagram.
fn wire(transcript: &[Step]) -> Markup {
    html! {
        ol.wire {
            @for Step { at, actor, event } in transcript {
                @let at = time(*at);
                @if let Some(Arrow { class, label }) = arrow(event) {
                    li class=(class) {
                        time { (at) }
                        span.who { (plain(actor)) }
                        span.line { span { (plain(&label)) } }
                        span.program { "program" }
                    }
                } @else if let Event::Action { text } = event {
                    li.action { time { (at) } b { (plain(text)) } }
                } @else if let Event::LeftOut { .. } = event {
                    li.aside { time {} span { (event.to_string()) } }
                } @else {
                    li.aside { time { (at) } span { (plain(actor)) " " (plain(&event.to_string())) } }
                }
            }
        }
    }
}

const STYLE: &str = include_str!("report.css");
