//! The book in a real browser. Without Chromium these tests say so and are skipped; `NETLAB_ALL_TOOLS=1` makes that a
//! failure.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Emulation, Runtime};
use headless_chrome::{Browser, LaunchOptions, Tab};
use serde_json::Value;
use slides::book::Book;
use slides::browser::{print, printer, url_of};
use slides::deck::{Answers, Deck};

/// The size of a slide, in pixels.
const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 720.0;

/// The book, built once for all tests.
static BOOK: LazyLock<Built> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let book = Book::load(&root, Answers::Folded).expect("the book can be read");
    let ids = |deck: &Deck| deck.slides.iter().map(|slide| slide.id.clone()).collect();
    let decks = book.decks.iter().map(|deck| (deck.name.clone(), ids(deck))).collect();
    book.build(&folder).expect("the book can be built");
    Built { folder, decks }
});

struct Built {
    folder: PathBuf,
    /// The names of the decks, and the ids of their slides.
    decks: Vec<(String, Vec<String>)>,
}

/// A page, and the messages on its console.
struct Page {
    tab: Arc<Tab>,
    complaints: Arc<Mutex<Vec<String>>>,
    // Dropped last: it ends the browser.
    _browser: Browser,
}

impl Page {
    /// `None` if no browser is installed.
    fn new() -> Option<Self> {
        let Some(path) = printer() else {
            assert!(std::env::var_os("NETLAB_ALL_TOOLS").is_none(), "chromium is required here");
            println!("skipped: chromium is not installed");
            return None;
        };
        // Files that Chromium leaves behind stay in the target directory.
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chromium");
        std::fs::create_dir_all(&scratch).expect("a folder for chromium");
        let mut variables: HashMap<_, _> = std::env::vars().collect();
        variables.insert("TMPDIR".to_owned(), scratch.display().to_string());
        let args = ["--disable-component-update"];
        let options = LaunchOptions {
            path: Some(path),
            sandbox: false,
            window_size: Some((WIDTH as u32, HEIGHT as u32)),
            args: args.map(OsStr::new).to_vec(),
            idle_browser_timeout: Duration::from_secs(120),
            process_envs: Some(variables),
            ..LaunchOptions::default()
        };
        let browser = Browser::new(options).expect("chromium starts");
        let tab = browser.new_tab().expect("a page");
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&complaints);
        tab.enable_runtime().expect("exceptions are reported");
        tab.enable_log().expect("the log is reported");
        tab.add_event_listener(Arc::new(move |event: &Event| {
            let complaint = match event {
                Event::RuntimeExceptionThrown(event) => {
                    Some(format!("{:?}", event.params.exception_details))
                }
                Event::RuntimeConsoleAPICalled(event)
                    if matches!(
                        event.params.Type,
                        Runtime::ConsoleAPICalledEventTypeOption::Error
                            | Runtime::ConsoleAPICalledEventTypeOption::Warning
                    ) =>
                {
                    Some(format!("{:?}", event.params.args))
                }
                Event::LogEntryAdded(event) => Some(format!("{:?}", event.params.entry)),
                _ => None,
            };
            if let Some(complaint) = complaint {
                heard.lock().expect("no panic").push(complaint);
            }
        }))
        .expect("events are reported");
        Some(Self { tab, complaints, _browser: browser })
    }

    /// Opens `page` of the book, such as `01-blocking-threads.html?present#goals`.
    fn open(&self, page: &str) -> Result<()> {
        let (file, rest) = page.split_at(page.find(['?', '#']).unwrap_or(page.len()));
        // An address that differs only after # would not load the page again.
        self.tab.navigate_to("about:blank")?;
        self.until("location.href === 'about:blank'")?;
        let url = url_of(&BOOK.folder.join(file))? + rest;
        self.tab.navigate_to(&url)?;
        // The crate's own wait takes seconds.
        self.until("location.protocol === 'file:' && document.readyState === 'complete'")?;
        self.until("document.fonts.status === 'loaded'")
    }

    fn size(&self, width: u32, height: u32) -> Result<()> {
        self.tab.call_method(Emulation::SetDeviceMetricsOverride {
            width,
            height,
            device_scale_factor: 1.0,
            mobile: false,
            scale: None,
            screen_width: None,
            screen_height: None,
            position_x: None,
            position_y: None,
            dont_set_visible_size: None,
            screen_orientation: None,
            viewport: None,
            display_feature: None,
            device_posture: None,
        })?;
        Ok(())
    }

    /// The value of a JavaScript expression.
    fn ask(&self, expression: &str) -> Result<Value> {
        let object = self.tab.evaluate(&format!("JSON.stringify({expression})"), false)?;
        let text = object.value.as_ref().and_then(Value::as_str);
        let text = text.with_context(|| format!("{expression} gave {object:?}"))?;
        Ok(serde_json::from_str(text)?)
    }

    fn until(&self, condition: &str) -> Result<()> {
        let begin = Instant::now();
        // Between two pages, evaluation fails.
        while self.ask(&format!("Boolean({condition})")).ok() != Some(Value::Bool(true)) {
            if begin.elapsed() > Duration::from_secs(20) {
                bail!("this never became true: {condition}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn press(&self, keys: &[&str]) -> Result<()> {
        for key in keys {
            self.tab.press_key(key)?;
        }
        Ok(())
    }

    /// Waits until `expression` has the expected value.
    fn expect(&self, expression: &str, expected: &Value) -> Result<()> {
        let begin = Instant::now();
        loop {
            let found = self.ask(expression)?;
            if found == *expected {
                return Ok(());
            }
            if begin.elapsed() > Duration::from_secs(20) {
                bail!("{expression} is {found}, not {expected}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

const CURRENT: &str = "document.querySelector('section.slide.current')?.dataset.id ?? null";

/// Shows each slide with its answers open, and applies `look` to it.
const LOOK: &str = r#"
(look) => {
    const all = [...document.querySelectorAll("section.slide")];
    const found = [];
    for (const slide of all) {
        for (const other of all) other.classList.toggle("current", other === slide);
        for (const details of slide.querySelectorAll("details:not(.notes)")) details.open = true;
        const box = slide.getBoundingClientRect();
        const scale = box.width / 1280;
        const parts = [...slide.querySelectorAll("*")].filter((part) =>
            part.checkVisibility() && part.getBoundingClientRect().width > 0);
        found.push(...look(slide, box, scale, parts));
    }
    return found;
}
"#;

/// Applies `look` to the whole page, with its answers open, as if it were one large slide.
const READ: &str = r#"
(look) => {
    document.documentElement.classList.remove("presenting");
    const main = document.querySelector("main");
    for (const details of main.querySelectorAll("details")) details.open = true;
    const parts = [...main.querySelectorAll("*")].filter((part) => part.checkVisibility() && part.tagName !== "text");
    return look(main, main.getBoundingClientRect(), 1, parts);
}
"#;

/// Finds text outside its slide, or in the margin that only the line at the foot may use. Also finds elements that are
/// cut off or scroll, and text in diagrams that is too small.
const FITS: &str = r#"
(slide, box, scale, parts) => {
    const found = [];
    const id = slide.dataset.id;
    const seen = (rect) => [rect.left - box.left, rect.top - box.top, rect.right - box.left, rect.bottom - box.top].map((x) => x / scale);
    const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && found.length === 0; node = walker.nextNode()) {
        const part = node.parentElement;
        if (!node.textContent.trim() || !part.checkVisibility() || part.closest(".buttons")) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const lowest = part.closest(".explains") ? 720 - 2 : 720 - 44;
        for (const rect of range.getClientRects()) {
            const [left, top, right, bottom] = seen(rect);
            if (left < 40 || top < 0 || right > 1280 - 40 || bottom > lowest) {
                found.push(`#${id}: ${[left, top, right, bottom].map(Math.round)}: ${node.textContent.trim().slice(0, 40)}`);
                break;
            }
        }
    }
    for (const part of parts) {
        const [left, , right, bottom] = seen(part.getBoundingClientRect());
        if (left < -1 || right > 1281 || bottom > 721) {
            found.push(`#${id}: <${part.tagName}> reaches to ${Math.round(right)}, ${Math.round(bottom)}`);
            break;
        }
        const style = getComputedStyle(part);
        const hides = style.display !== "inline" && (style.overflowX !== "visible" || style.overflowY !== "visible");
        if (hides && !(part instanceof SVGElement) && (part.scrollWidth > part.clientWidth + 2 || part.scrollHeight > part.clientHeight + 2)) {
            found.push(`#${id}: <${part.tagName}> is cut or scrolls: ${part.textContent.trim().slice(0, 40)}`);
            break;
        }
    }
    for (const text of slide.querySelectorAll("svg text")) {
        const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a / scale;
        if (size < 15.99) found.push(`#${id}: "${text.textContent}" is ${size.toFixed(1)} pixels high`);
        const [at, frame] = [text.getBoundingClientRect(), text.closest("svg").getBoundingClientRect()];
        if (at.left < frame.left - 3 || at.right > frame.right + 3) found.push(`#${id}: "${text.textContent}" is cut by its diagram`);
    }
    return found;
}
"#;

/// Finds pictures that are files: their names, and their widths on the slide.
const IMAGES: &str = r#"
(slide, box, scale) => [...slide.querySelectorAll("img")]
    .map((one) => [one.getAttribute("src"), one.getBoundingClientRect().width / scale])
    .filter(([, width]) => width > 0)
"#;

fn widths(list: &Value) -> Vec<(String, f64)> {
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_f64()?));
    list.as_array().into_iter().flatten().filter_map(pair).collect()
}

/// The smallest font size in an SVG file, relative to its width.
fn least_letters(file: &Path) -> Result<f64> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let values = |name: &str| -> Vec<String> {
        let parts = text.split(name).skip(1);
        parts.filter_map(|part| part.split('"').next()).map(str::to_owned).collect()
    };
    let sizes = values(" font-size=\"")
        .iter()
        .map(|size| Ok(size.parse()?))
        .collect::<Result<Vec<f64>>>()?;
    let frame = values(" viewBox=\"");
    let width: f64 =
        frame.first().and_then(|frame| frame.split(' ').nth(2)).context("a viewBox")?.parse()?;
    Ok(sizes.into_iter().reduce(f64::min).context("letters")? / width)
}

/// Finds text with too little contrast to its background (WCAG 2.2, 1.4.3).
const CONTRAST: &str = r#"
(slide, box, scale, parts) => {
    const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const light = (rgb) => {
        const [r, g, b] = rgb.slice(0, 3).map((c) => {
            c /= 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const isOpaque = (colour) => { const n = numbers(colour); return n.length === 3 || n[3] > 0.99; };
    const known = new Map();
    const behind = (part) => {
        if (!part) return "rgb(255, 255, 255)";
        if (!known.has(part)) {
            const colour = getComputedStyle(part).backgroundColor;
            known.set(part, isOpaque(colour) ? colour : behind(part.parentElement));
        }
        return known.get(part);
    };
    const found = [];
    for (const part of parts) {
        const isSvg = part instanceof SVGElement;
        if (isSvg && part.tagName !== "text") continue;
        const own = [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own) continue;
        const style = getComputedStyle(part);
        const front = isSvg ? style.fill : style.color;
        let back = behind(isSvg ? part.closest("svg").parentElement : part);
        if (isSvg) {
            const at = part.getBoundingClientRect();
            const under = document.elementsFromPoint(at.x + at.width / 2, at.y + at.height / 2)
                .find((one) => one instanceof SVGElement && one !== part && one.tagName === "path" && isOpaque(getComputedStyle(one).fill) && getComputedStyle(one).fill !== "none");
            if (under) back = getComputedStyle(under).fill;
        }
        const [a, b] = [light(numbers(front)), light(numbers(back))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (isLarge ? 3 : 4.5)) {
            found.push(`#${slide.dataset.id}: ${front} on ${back} is ${ratio.toFixed(2)}: ${part.textContent.trim().slice(0, 30)}`);
        }
    }
    return found;
}
"#;

fn none_of(found: &[String]) {
    assert!(found.is_empty(), "{} problems:\n{}", found.len(), found.join("\n"));
}

/// The strings of a JSON list, each after the prefix `what`.
fn strings(what: &str, list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(|text| format!("{what}{text}")).collect()
}

#[test]
fn every_slide_fits_with_its_answers_open() -> Result<()> {
    let Some(page) = Page::new() else { return Ok(()) };
    page.size(WIDTH as u32, HEIGHT as u32)?;
    let mut found = Vec::new();
    for (name, ids) in &BOOK.decks {
        page.open(&format!("{name}.html?present"))?;
        page.expect("document.querySelectorAll('section.slide').length", &ids.len().into())?;
        found.extend(strings(name, &page.ask(&format!("({LOOK})({FITS})"))?));
        for (file, width) in widths(&page.ask(&format!("({LOOK})({IMAGES})"))?) {
            let height = least_letters(&BOOK.folder.join(&file))? * width;
            if height < 15.99 {
                found.push(format!("{name}: text in {file} is {height:.1} pixels high"));
            }
        }
    }
    found.extend(page.complaints.lock().expect("no panic").iter().cloned());
    none_of(&found);
    Ok(())
}

#[test]
fn text_can_be_read_in_light_and_dark() -> Result<()> {
    let Some(page) = Page::new() else { return Ok(()) };
    page.size(WIDTH as u32, HEIGHT as u32)?;
    let mut found = Vec::new();
    for (wish, theme) in [("light", "light"), ("dark", "navy")] {
        page.tab.call_method(Emulation::SetEmulatedMedia {
            media: None,
            features: Some(vec![Emulation::MediaFeature {
                name: "prefers-color-scheme".to_owned(),
                value: wish.to_owned(),
            }]),
        })?;
        for (name, _) in &BOOK.decks {
            page.open(&format!("{name}.html?present"))?;
            page.expect(
                &format!("document.documentElement.classList.contains('{theme}')"),
                &true.into(),
            )?;
            for look in [LOOK, READ] {
                let seen = page.ask(&format!("({look})({CONTRAST})"))?;
                found.extend(strings(&format!("{theme} {name}"), &seen));
            }
        }
    }
    none_of(&found);
    Ok(())
}

#[test]
fn keys_lead_through_each_deck_and_addresses_into_it() -> Result<()> {
    let Some(page) = Page::new() else { return Ok(()) };
    for (name, ids) in &BOOK.decks {
        ends_and_addresses(&page, name, ids).with_context(|| name.clone())?;
    }
    // Behaviour that is the same in every deck is tested in the last.
    let (name, ids) = BOOK.decks.last().context("a deck")?;
    let slides = ids.len();
    let id = |index: usize| Value::from(ids[index].as_str());
    page.open(&format!("{name}.html"))?;
    page.expect(CURRENT, &Value::Null)?;
    page.press(&["p"])?;
    page.expect(CURRENT, &id(0))?;
    page.press(&["ArrowRight", "PageDown", " "])?;
    page.expect(CURRENT, &id(3))?;
    page.press(&["ArrowLeft"])?;
    page.expect(CURRENT, &id(2))?;
    page.expect("location.hash", &format!("#{}", ids[2]).into())?;
    page.press(&["End"])?;
    page.expect(CURRENT, &id(slides - 1))?;
    page.press(&["ArrowRight"])?;
    page.expect(CURRENT, &id(slides - 1))?;
    page.press(&["Home", "?"])?;
    page.until("document.getElementById('slide-keys')?.checkVisibility()")?;
    // The list of keys closes first, and the slides stay.
    page.press(&["/", "?", "b"])?;
    page.until("!document.getElementById('slide-keys')")?;
    page.expect(
        "document.getElementById('mdbook-search-wrapper').classList.contains('hidden')",
        &true.into(),
    )?;
    page.expect(
        "document.querySelector('.current').checkVisibility({visibilityProperty: true})",
        &false.into(),
    )?;
    page.press(&["b", "p"])?;
    page.until(&format!("({CURRENT}) === null"))?;
    // A malformed address must not break the page.
    page.open(&format!("{name}.html?present#100%"))?;
    page.expect(CURRENT, &id(0))?;
    page.press(&["Escape"])?;
    page.until(&format!("({CURRENT}) === null"))?;
    none_of(&page.complaints.lock().expect("no panic"));
    Ok(())
}

/// Tests a deck's first and last slide, an answer, and the address of each slide.
fn ends_and_addresses(page: &Page, name: &str, ids: &[String]) -> Result<()> {
    let id = |index: usize| Value::from(ids[index].as_str());
    // Only one section is shown, without the page around it.
    page.open(&format!("{name}.html?present#{}", ids[5]))?;
    page.expect(CURRENT, &id(5))?;
    page.expect(
        "[...document.querySelectorAll('section')].filter((one) => one.checkVisibility()).length",
        &1.into(),
    )?;
    page.expect("document.getElementById('mdbook-menu-bar').checkVisibility()", &false.into())?;
    page.press(&["Home", "ArrowLeft"])?;
    page.expect(CURRENT, &id(0))?;
    page.press(&["End", "ArrowRight"])?;
    page.expect(CURRENT, &id(ids.len() - 1))?;
    // A key opens and folds an answer.
    let predict = "[...document.querySelectorAll('section.predict')][0].dataset.id";
    let predict = page.ask(predict)?;
    page.ask(&format!("(location.hash = {predict}, true)"))?;
    page.until(&format!("({CURRENT}) === {predict}"))?;
    let is_open = "document.querySelector('.current details:not(.notes)').open";
    page.expect(is_open, &false.into())?;
    page.press(&["a"])?;
    page.expect(is_open, &true.into())?;
    // So does Enter on its question, where it does not lead to the next slide.
    page.ask("(document.querySelector('.current summary').focus(), true)")?;
    page.press(&["Enter"])?;
    page.expect(is_open, &false.into())?;
    page.expect(CURRENT, &predict)?;
    // Each slide has its address, and the page follows a change of its own address.
    let ids = serde_json::to_string(ids)?;
    page.ask(&format!(
        "(window.others = null, (async () => {{
            const others = [];
            for (const id of {ids}) {{
                const followed = new Promise((done) => addEventListener('hashchange', done, {{ once: true }}));
                if (location.hash !== '#' + id) {{ location.hash = id; await followed; }}
                if (({CURRENT}) !== id) others.push(id);
            }}
            window.others = others;
        }})(), true)"
    ))?;
    page.until("window.others !== null")?;
    page.expect("window.others", &Value::Array(Vec::new()))
}

#[test]
fn notes_are_there_for_readers_and_in_a_window_for_speakers() -> Result<()> {
    let Some(page) = Page::new() else { return Ok(()) };
    for (name, _) in &BOOK.decks {
        notes_are_read_and_not_shown(&page, name).with_context(|| name.clone())?;
    }
    // The window is the same for every deck; the last one is still open.
    let (name, _) = BOOK.decks.last().context("a deck")?;
    // The window that a key opens, as the page sees it; again after the page was reloaded.
    let watch = "(window.opened = [], window.realOpen = window.open, window.open = (...all) => { const one = window.realOpen(...all); window.opened.push(one); return one; }, true)";
    page.ask(watch)?;
    page.press(&["s"])?;
    page.until("window.opened.length === 1")?;
    page.open(&format!("{name}.html?present"))?;
    page.ask(watch)?;
    page.press(&["ArrowRight"])?;
    page.press(&["s"])?;
    page.until("window.opened.length === 1")?;
    page.until("window.opened[0].document.body.innerText.includes('this slide until')")?;
    let said = page.ask("window.opened[0].document.body.innerText")?;
    let said = said.as_str().unwrap_or_default();
    let title = page.ask("document.querySelector('.current h2').textContent.trim()")?;
    assert!(said.contains(title.as_str().unwrap_or("?")), "{said}");
    let own = page.ask("document.querySelector('.current .notes p').textContent.slice(0, 30)")?;
    assert!(said.replace('\n', " ").contains(own.as_str().unwrap_or("?").trim()), "{said}");
    assert!(said.contains("0:0"), "a clock: {said}");
    // The window follows the slides, and its keys change slides.
    page.ask("(window.opened[0].document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true})), true)")?;
    let next = page.ask("document.querySelector('.current h2').textContent.trim()")?;
    assert_ne!(next, title);
    page.expect("window.opened[0].document.getElementById('title').textContent.trim()", &next)?;
    none_of(&page.complaints.lock().expect("no panic"));
    Ok(())
}

/// Readers see all notes of a deck, an audience none.
fn notes_are_read_and_not_shown(page: &Page, name: &str) -> Result<()> {
    page.open(&format!("{name}.html"))?;
    let notes =
        "[...document.querySelectorAll('.notes')].map((one) => one.open && one.checkVisibility())";
    let shown = page.ask(notes)?;
    assert!(
        shown.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| *one == true)),
        "{shown}"
    );
    page.press(&["p", "ArrowRight"])?;
    page.expect(
        "[...document.querySelectorAll('.notes')].filter((one) => one.checkVisibility()).length",
        &0.into(),
    )?;
    Ok(())
}

#[test]
fn search_finds_a_term_of_each_deck() -> Result<()> {
    /// A term that occurs mostly in one deck.
    const TERMS: [(&str, &str); 11] = [
        ("00-why-concurrency", "C10K"),
        ("01-blocking-threads", "Condvar"),
        ("02-selectors", "EPOLLET"),
        ("03-async-echo", "Pin"),
        ("04-timeouts", "deadline"),
        ("05-shutdown", "TIME_WAIT"),
        ("06-metrics", "quantile"),
        ("07-chat", "fan-out"),
        ("08-tls", "certificate"),
        ("09-framing", "codec"),
        ("10-where-to-go-next", "QUIC"),
    ];
    let Some(page) = Page::new() else { return Ok(()) };
    for (name, _) in &BOOK.decks {
        let term = TERMS.iter().find(|(deck, _)| deck == name).context("a deck without a term")?.1;
        page.open("index.html")?;
        page.press(&["/"])?;
        page.until("document.activeElement?.id === 'mdbook-searchbar'")?;
        page.tab.type_str(term)?;
        let link = format!("#mdbook-searchresults a[href*='{name}.html'][href*='#']");
        let found = page.until(&format!("document.querySelector(\"{link}\")"));
        found.with_context(|| format!("{term} is not found in {name}"))?;
    }
    none_of(&page.complaints.lock().expect("no panic"));
    Ok(())
}

#[test]
fn pages_are_quiet_narrow_enough_and_lead_somewhere() -> Result<()> {
    let Some(page) = Page::new() else { return Ok(()) };
    page.size(400, 800)?;
    let mut found = Vec::new();
    let mut names: Vec<_> = BOOK.decks.iter().map(|(name, _)| format!("{name}.html")).collect();
    names.extend(["index.html", "schedule.html"].map(str::to_owned));
    for name in &names {
        page.open(name)?;
        let width = page.ask("Math.max(...[...document.querySelectorAll('main, main *')].filter((one) => one.checkVisibility() && !one.closest('pre, .table-wrapper, figure.diagram')).map((one) => one.getBoundingClientRect().right))")?;
        if width.as_f64().unwrap_or(f64::MAX) > 400.5 {
            let widest = page.ask("[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > 400.5 && !one.closest('pre, .table-wrapper, figure.diagram')).map((one) => one.tagName + ' ' + one.textContent.trim().slice(0, 40)).slice(0, 3)")?;
            found.push(format!("{name} is {width} pixels wide: {widest}"));
        }
        let links = page.ask(
            "[...document.querySelectorAll('main a[href]')].map((one) => one.getAttribute('href'))",
        )?;
        for link in strings("", &links).iter().filter(|link| !link.contains("://")) {
            let (file, id) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { name } else { file };
            let text = std::fs::read_to_string(BOOK.folder.join(file)).unwrap_or_default();
            if text.is_empty() || !(id.is_empty() || text.contains(&format!("id=\"{id}\""))) {
                found.push(format!("{name}: {link} leads nowhere"));
            }
        }
        let small = page.ask("[...document.querySelectorAll('svg text')].filter((one) => one.getBoundingClientRect().height > 0 && parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a < 9).map((one) => one.textContent).slice(0, 2)")?;
        found.extend(strings(&format!("{name} has text that is too small: "), &small));
        let missing = page.ask("[...document.images].filter((one) => one.checkVisibility() && !(one.complete && one.naturalWidth > 0)).map((one) => one.src)")?;
        found.extend(strings(&format!("{name} lacks the picture "), &missing));
    }
    found.extend(page.complaints.lock().expect("no panic").iter().cloned());
    none_of(&found);
    Ok(())
}

#[test]
fn the_pdf_has_one_page_per_slide() -> Result<()> {
    let Some(_) = Page::new() else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let pages = |file: &Path| -> Result<usize> {
        let bytes = std::fs::read(file)?;
        Ok(bytes
            .windows(12)
            .filter(|part| part.starts_with(b"/Type /Page") && part[11] != b's')
            .count())
    };
    let (name, ids) = BOOK.decks.last().context("a deck")?;
    let one = folder.path().join("one.pdf");
    print(&BOOK.folder, name, &one)?;
    assert_eq!(pages(&one)?, ids.len());
    let all = folder.path().join("all.pdf");
    print(&BOOK.folder, "print", &all)?;
    assert_eq!(pages(&all)?, BOOK.decks.iter().map(|(_, ids)| ids.len()).sum::<usize>());
    Ok(())
}

#[test]
fn the_book_is_small_enough_to_send() -> Result<()> {
    const MOST: u64 = 10 * 1024 * 1024;
    let mut folders = vec![BOOK.folder.clone()];
    let mut size = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => size += entry.metadata()?.len(),
            }
        }
    }
    assert!(size <= MOST, "{size} bytes");
    Ok(())
}

#[test]
fn a_deck_is_readable_without_javascript() -> Result<()> {
    let Some(page) = Page::new() else { return Ok(()) };
    page.tab.call_method(Emulation::SetScriptExecutionDisabled { value: true })?;
    for (name, ids) in &BOOK.decks {
        page.open(&format!("{name}.html"))?;
        let shown = page.ask("[...document.querySelectorAll('section.slide, .notes')].filter((one) => one.checkVisibility()).length")?;
        assert!(
            shown.as_u64().is_some_and(|shown| shown as usize > ids.len()),
            "{name}: {shown} of {}",
            ids.len()
        );
    }
    Ok(())
}
