//! The metrics page of a server under test, and the numbers expected on it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::printable;
use engine::drive::Server;
use engine::subject::ANSWER_DEADLINE;
use engine::verdict::{CheckError, Explanation, Failure};
use exposition::{Exposition, Format, Sample};

use super::causes;
use super::http::{self, OpaquePeer, Response};
use super::numbers::{ACTIVE, GROWING, Number};
use crate::expect;

/// How long a program may take to become idle before its page is read again.
const IDLE_WITHIN: Duration = Duration::from_millis(300);

/// The answer to `GET path`.
pub(super) async fn get(server: &Rc<Server>, path: &str) -> Result<Response, CheckError> {
    let expected = format!("GET {path} on the metrics address gets an answer");
    let answer = http::get(server.context().journal(), server.endpoint(1)?, path);
    server.wait_with(&OpaquePeer, None, &expected, answer).await
}

/// The metrics page, parsed leniently: only one check tests its format.
pub(super) async fn get_page(server: &Rc<Server>) -> Result<Exposition, CheckError> {
    let Response { status, content_type, body } = get(server, "/metrics").await?;
    expect::that(server, status == 200, || {
        Failure::property(format!("status {status}"))
            .expecting("GET /metrics returns status 200")
            .certain()
    })
    .await?;
    let looks = if body.ends_with(b"# EOF\n") { Format::OpenMetrics } else { Format::Prometheus };
    Ok(Exposition::read(&body, Format::of(content_type.as_deref()).unwrap_or(looks)))
}

/// The page of an idle program: one that sleeps, and shows the same numbers twice.
pub(super) async fn get_idle_page(server: &Rc<Server>) -> Result<Exposition, CheckError> {
    let begin = Instant::now();
    let mut last = get_page(server).await?;
    loop {
        server.process.wait_until_idle(IDLE_WITHIN).await;
        let now = get_page(server).await?;
        if numbers_on(&now) == numbers_on(&last) {
            return Ok(now);
        }
        expect::that_was(server, begin.elapsed() <= ANSWER_DEADLINE, || {
            Failure::property("the numbers change from page to page")
                .expecting("while no client sends anything, the numbers stay the same")
                .because(causes::COUNTS_WITHOUT_CLIENTS)
        })?;
        last = now;
    }
}

/// The lab's own numbers on `page`, each with its series.
fn numbers_on(page: &Exposition) -> Vec<(String, f64)> {
    let is_ours = |name: &str| GROWING.contains(&name) || name == ACTIVE.name;
    let ours = page.samples.iter().filter(|sample| is_ours(&sample.name));
    ours.map(|sample| (sample.series(), sample.value)).collect()
}

/// Waits until the page shows the `expected` numbers. Reports say `when` it must.
///
/// A program that sleeps forever shows the same numbers forever, unless it refreshes its page from time to time. So the
/// numbers must stay wrong for [`Unchanged::STABLE_FOR`].
pub(super) async fn expect_numbers(
    server: &Rc<Server>,
    when: &str,
    expected: &[(Number, u64)],
    cause: Option<&Explanation>,
) -> Result<(), CheckError> {
    /// A program that counts just after it sends an answer shows the right number in one of these samples.
    const QUICK_SAMPLES: u32 = 3;
    const PAUSE: Duration = Duration::from_millis(2);
    let begin = Instant::now();
    let (mut samples, mut unchanged) = (0, Unchanged::default());
    loop {
        let page = get_page(server).await?;
        let found: Vec<_> = expected.iter().map(|(number, _)| number.on(&page)).collect();
        if expected.iter().zip(&found).all(is_right) {
            return Ok(());
        }
        samples += 1;
        if samples < QUICK_SAMPLES {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let is_late = begin.elapsed() > ANSWER_DEADLINE;
        if is_late {
            expect::not_starved(&server.process)?;
        }
        if is_late || unchanged.is_final(&found) {
            let failure = wrong_numbers(when, expected, &found, &page);
            return Err(server.fail(failure.because_of(cause.map(Into::into))).await);
        }
        let is_asleep = server.process.wait_until_idle(IDLE_WITHIN).await;
        unchanged.record(is_asleep, found);
    }
}

/// As [`expect_numbers`], and again once the program is idle.
pub(super) async fn expect_to_stay(
    server: &Rc<Server>,
    when: &str,
    expected: &[(Number, u64)],
    cause: &Explanation,
) -> Result<(), CheckError> {
    expect_numbers(server, when, expected, Some(cause)).await?;
    server.process.wait_until_idle(IDLE_WITHIN).await;
    expect_numbers(server, &format!("{when} and again a moment later"), expected, Some(cause)).await
}

fn is_right((&(_, wanted), found): (&(Number, u64), &Option<f64>)) -> bool {
    found.is_some_and(|found| found == wanted as f64)
}

/// What the page of a sleeping program shows, and since when.
#[derive(Default)]
struct Unchanged(Option<(Instant, Vec<Option<f64>>)>);

impl Unchanged {
    /// Longer than the second after which a program may refresh its page.
    const STABLE_FOR: Duration = Duration::from_secs(2);

    /// Whether the page has shown the numbers `found` for so long that they will not change.
    fn is_final(&self, found: &[Option<f64>]) -> bool {
        self.0
            .as_ref()
            .is_some_and(|(since, before)| before == found && since.elapsed() > Self::STABLE_FOR)
    }

    /// Records the numbers `found`, and whether the program sleeps.
    fn record(&mut self, is_asleep: bool, found: Vec<Option<f64>>) {
        let is_same = self.0.as_ref().is_some_and(|(_, before)| *before == found);
        if !(is_asleep && is_same) {
            self.0 = is_asleep.then(|| (Instant::now(), found));
        }
    }
}

/// The failure of a page that shows `found` instead of `expected`.
fn wrong_numbers(
    when: &str,
    expected: &[(Number, u64)],
    found: &[Option<f64>],
    page: &Exposition,
) -> Failure {
    /// Two wrong numbers say as much as five.
    const MAX_SHOWN: usize = 2;
    let wrong: Vec<_> = expected.iter().zip(found).filter(|pair| !is_right(*pair)).collect();
    let more = wrong.len().saturating_sub(MAX_SHOWN);
    let (wanted, seen): (Vec<_>, Vec<_>) = wrong
        .into_iter()
        .take(MAX_SHOWN)
        .map(|((number, wanted), found)| {
            let found = match found {
                Some(found) => format!("{number} {found}"),
                None => format!("no {number}"),
            };
            (format!("{number} {wanted}"), found)
        })
        .unzip();
    let mut observed = vec![seen.join(", ")];
    if more > 0 {
        observed.push(format!("and {more} more are wrong"));
    }
    if found.contains(&None) {
        observed.extend(page_lines(page));
    }
    let expected = format!("{when}, the page shows {}", wanted.join(", "));
    Failure::property_lines(observed).expecting(expected)
}

/// What a page that lacks a number shows instead, for a report.
fn page_lines(page: &Exposition) -> Vec<String> {
    const MAX_SHOWN: usize = 8;
    let mut names: Vec<_> = page.samples.iter().map(Sample::series).collect();
    let more = if names.len() > MAX_SHOWN { " …" } else { "" };
    names.truncate(MAX_SHOWN);
    let mut lines = vec![match names.len() {
        0 => "the page shows no numbers".to_owned(),
        _ => printable(&format!("the page shows {}{more}", names.join(", ")), 400),
    }];
    let fault = page.faults.first();
    lines.extend(fault.map(|fault| format!("a line cannot be parsed: {fault}")));
    lines
}
