//! All decks together: checks them, and builds the book with mdBook.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use course::decks::{find_deck, no_such_slide};
use course::labs::LABS;
use course::regions::Source;
use course::text::count;
use mdbook_driver::MDBook;
use mdbook_driver::book::{Book as Chapters, BookItem};
use mdbook_driver::config::Config;
use mdbook_markdown::pulldown_cmark::{Event, Tag};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::deck::{Answers, Deck};
use crate::{Problem, excerpt, labs};

/// A file in each folder that this program has written, which marks the folder as safe to overwrite.
const MARK: &str = ".netlab-slides";

/// The book as it is in `slides/`.
pub struct Book {
    root: PathBuf,
    mdbook: MDBook,
    pub decks: Vec<Deck>,
    /// The text of each chapter, by its path in the book.
    texts: HashMap<PathBuf, String>,
    pub problems: Vec<Problem>,
}

/// A page of the book, and a slide on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// For example `03-async-echo`, or `index`.
    pub page: String,
    pub slide: Option<String>,
}

impl Target {
    /// Its address within the book.
    #[must_use]
    pub fn url(&self) -> String {
        let slide = self.slide.as_ref().map(|slide| format!("#{slide}")).unwrap_or_default();
        format!("{}.html{slide}", self.page)
    }
}

impl Book {
    /// Reads and checks the book of the repository at `root`. `answers` says whether the book contains the labs' answers.
    ///
    /// # Errors
    ///
    /// `book.toml`, `SUMMARY.md` or a file named there cannot be read. Mistakes in the decks are collected in
    /// `problems` instead.
    pub fn load(root: &Path, answers: Answers) -> Result<Self> {
        let folder = root.join("slides");
        let mut config = Config::from_disk(folder.join("book.toml"))?;
        // mdBook's own includes show an empty block for a missing region.
        config.build.use_default_preprocessors = false;
        config.build.create_missing = false;
        let source = folder.join(&config.book.src);
        let mdbook = MDBook::load_with_config(&folder, config)?;
        let mut book = Self {
            root: root.to_owned(),
            mdbook,
            decks: Vec::new(),
            texts: HashMap::new(),
            problems: Vec::new(),
        };
        let links = match labs::links(root) {
            Ok(links) => links,
            Err(problem) => {
                book.problems.push(problem);
                Vec::new()
            }
        };
        for (path, text) in book.chapters() {
            let file = format!("slides/decks/{}", path.display());
            let name = path.with_extension("").display().to_string();
            let text = match (answers, Source::parse(&text)) {
                (Answers::Folded, _) => text,
                (Answers::Removed, Ok(source)) => source.starter().text,
                (Answers::Removed, Err(error)) => {
                    book.problems.push(Problem::at(&file, error));
                    text
                }
            };
            if name.starts_with(|c: char| c.is_ascii_digit()) {
                let mut deck = Deck::read(root, &file, &name, &text, &links, answers);
                book.problems.append(&mut deck.problems);
                book.texts.insert(path, std::mem::take(&mut deck.text));
                book.decks.push(deck);
            } else {
                book.texts.insert(path, text);
            }
        }
        for (index, deck) in book.decks.iter().enumerate() {
            if book.decks[..index].iter().any(|other| other.number() == deck.number()) {
                let text = format!("two decks have the number {}", deck.number());
                book.problems.push(Problem::new("slides/decks/SUMMARY.md", 1, text));
            }
        }
        for link in &links {
            if !book.decks.iter().any(|deck| deck.name == link.deck) {
                let text = format!(
                    "{} is explained by the deck {}, which does not exist",
                    link.check, link.deck
                );
                book.problems.push(Problem::new(&link.file, link.line, text));
            }
        }
        book.find_unlisted(&source)?;
        book.find_unshown();
        book.write_schedules();
        book.check_links();
        book.problems.sort();
        book.problems.dedup();
        Ok(book)
    }

    fn chapters(&self) -> Vec<(PathBuf, String)> {
        let chapter = |item: &BookItem| match item {
            BookItem::Chapter(chapter) => Some((chapter.path.clone()?, chapter.content.clone())),
            _ => None,
        };
        self.mdbook.iter().filter_map(chapter).collect()
    }

    /// Finds decks that `SUMMARY.md` does not list: the book would not contain them.
    fn find_unlisted(&mut self, source: &Path) -> Result<()> {
        let entries =
            fs::read_dir(source).with_context(|| format!("cannot read {}", source.display()))?;
        for entry in entries {
            let name = PathBuf::from(entry?.file_name());
            let is_page = name.extension().is_some_and(|extension| extension == "md");
            if is_page && name != Path::new("SUMMARY.md") && !self.texts.contains_key(&name) {
                let text = format!("SUMMARY.md does not list {}", name.display());
                self.problems.push(Problem::new("slides/decks/SUMMARY.md", 1, text));
            }
        }
        Ok(())
    }

    /// Finds regions that no slide shows: their anchors are useless.
    fn find_unshown(&mut self) {
        let regions = match excerpt::regions(&self.root) {
            Ok(regions) => regions,
            Err(problem) => return self.problems.push(problem),
        };
        for (path, line, name) in regions {
            let shown = format!("{path}:{name}");
            if !self.decks.iter().any(|deck| deck.regions.contains(&shown)) {
                let text = format!("no slide shows the region `{name}`");
                self.problems.push(Problem::new(path, line, text));
            }
        }
    }

    /// Puts the schedules of all decks in place of `{{#schedule}}`, and each deck's schedule at its beginning.
    fn write_schedules(&mut self) {
        let mut all = String::new();
        for deck in &self.decks {
            let slides = count(deck.slides.len(), "slide");
            let _ = writeln!(all, "### {} {{#deck-{}}}\n", deck.title(), deck.number());
            let _ =
                writeln!(all, "{slides}, {}.\n\n{}", count_minutes(deck.minutes()), schedule(deck));
            let path = PathBuf::from(format!("{}.md", deck.name));
            if let Some(text) = self.texts.get_mut(&path)
                && let Some((title, rest)) = text.split_once("\n</section>\n")
            {
                let hint = "Press <kbd>p</kbd> to show this page as slides, then <kbd>?</kbd> for all keys.";
                let own = format!(
                    "<details class=\"reading\"><summary>{slides}, {}</summary>\n\n{}\n</details>\n\n<p class=\"reading\">{hint}</p>",
                    count_minutes(deck.minutes()),
                    schedule(deck)
                );
                *text = format!("{title}\n</section>\n\n{own}\n\n{rest}");
            }
        }
        let course = self.course();
        for text in self.texts.values_mut() {
            *text = text.replace("{{#schedule}}", &all).replace("{{#course}}", &course);
        }
    }

    /// A table of all lectures and labs by week: one lecture a week, and two weeks for a lab of more than two and a
    /// half hours. Lecture 00 shares its week with 01.
    #[must_use]
    pub fn course(&self) -> String {
        const LONG: u32 = 150;
        let mut table =
            "| week | lectures | minutes | lab | hours |\n|---|---|---:|---|---:|\n".to_owned();
        let (mut week, mut before) = (1, String::new());
        let (mut said, mut built) = (0.0, 0);
        let mut minutes = 0.0;
        for deck in &self.decks {
            before += &format!("{} {}", deck.number(), deck.title());
            minutes += deck.minutes();
            said += deck.minutes();
            if deck.number() == "00" {
                before += "; ";
                continue;
            }
            let lab = lab_minutes(deck);
            let weeks = if lab > LONG { 2 } else { 1 };
            let when = if weeks == 1 { week.to_string() } else { format!("{week}, {}", week + 1) };
            let (name, hours) = match lab {
                0 => (String::new(), String::new()),
                lab => (deck.number().to_owned(), hours(lab)),
            };
            let _ = writeln!(table, "| {when} | {before} | {minutes} | {name} | {hours} |");
            week += weeks;
            built += lab;
            before.clear();
            minutes = 0.0;
        }
        let _ = writeln!(
            table,
            "| | together | {said}, or {} hours | | {} |",
            said / 60.0,
            hours(built)
        );
        table
    }

    /// Checks that links within the book lead to existing pages and ids.
    fn check_links(&mut self) {
        let mut places: HashMap<PathBuf, BTreeSet<String>> = HashMap::new();
        let mut links = Vec::new();
        for (path, text) in &self.texts {
            let ids = places.entry(path.clone()).or_default();
            for (event, range) in
                new_cmark_parser(text, &MarkdownOptions::default()).into_offset_iter()
            {
                match event {
                    Event::Start(Tag::Heading { id: Some(id), .. }) => {
                        ids.insert(id.to_string());
                    }
                    Event::Start(Tag::Link { dest_url, .. }) => {
                        let said = text.get(range).unwrap_or_default().to_owned();
                        links.push((path.clone(), said, dest_url.to_string()));
                    }
                    _ => {}
                }
            }
        }
        for (path, said, url) in links {
            if url.contains("://") || url.starts_with("mailto:") {
                continue;
            }
            let (page, id) = url.split_once('#').unwrap_or((&url, ""));
            let page = if page.is_empty() { path.clone() } else { PathBuf::from(page) };
            let is_there = places.get(&page).is_some_and(|ids| id.is_empty() || ids.contains(id));
            if !is_there {
                let file = Path::new("slides/decks").join(&path);
                let source = fs::read_to_string(self.root.join(&file)).unwrap_or_default();
                let line =
                    source.lines().position(|line| line.contains(&said)).map_or(1, |line| line + 1);
                let text = format!(
                    "{url} leads nowhere: name a page of the book and an id on it, such as 01-blocking-threads.md#goals"
                );
                self.problems.push(Problem::new(file, line, text));
            }
        }
    }

    /// Builds the book in `out`: a folder that is new, empty, or holds an earlier book.
    ///
    /// # Errors
    ///
    /// `out` is anything else, or cannot be written.
    pub fn build(mut self, out: &Path) -> Result<()> {
        let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
        if !is_empty && !out.join(MARK).exists() {
            bail!("{} is neither empty nor an earlier book: nothing was written", out.display());
        }
        // mdBook empties the folder that it builds in. Building beside `out` keeps the old book if the build stops.
        let out = std::path::absolute(out)?;
        let name = out.file_name().with_context(|| format!("{} has no name", out.display()))?;
        let new = out.with_file_name(format!(".{}.new", name.to_string_lossy()));
        let cannot_make = || format!("cannot create {}", out.display());
        fs::create_dir_all(&new).with_context(cannot_make)?;
        self.mdbook.config.build.build_dir.clone_from(&new);
        let texts = std::mem::take(&mut self.texts);
        self.mdbook.with_preprocessor(Cut { texts });
        self.mdbook.build()?;
        fs::write(new.join(MARK), "")?;
        let pictures = new.join("pictures");
        fs::create_dir_all(&pictures)?;
        for entry in fs::read_dir(self.root.join("pictures"))? {
            let entry = entry?;
            fs::copy(entry.path(), pictures.join(entry.file_name()))?;
        }
        if out.exists() {
            fs::remove_dir_all(&out).with_context(cannot_make)?;
        }
        fs::rename(&new, &out).with_context(cannot_make)
    }

    /// The page that `03`, `3#half-close`, `async-echo` or `03-async-echo` means.
    ///
    /// # Errors
    ///
    /// No such deck or slide exists; the error names the closest.
    pub fn find(&self, wanted: &str) -> Result<Target> {
        let names: Vec<_> = self.decks.iter().map(|deck| deck.name.as_str()).collect();
        let (name, slide) = find_deck(wanted, &names)?;
        let slides = self.decks.iter().filter(|deck| deck.name == name).flat_map(|it| &it.slides);
        let ids: Vec<_> = slides.map(|slide| slide.id.as_str()).collect();
        match slide {
            Some(slide) if !ids.contains(&slide) => return Err(no_such_slide(name, slide, &ids)),
            _ => {}
        }
        Ok(Target { page: name.to_owned(), slide: slide.map(str::to_owned) })
    }
}

/// Gives mdBook the texts that were read earlier.
struct Cut {
    texts: HashMap<PathBuf, String>,
}

impl Preprocessor for Cut {
    fn name(&self) -> &str {
        "slides"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Chapters) -> Result<Chapters> {
        book.for_each_chapter_mut(|chapter| {
            if let Some(text) = chapter.path.as_ref().and_then(|path| self.texts.get(path)) {
                chapter.content.clone_from(text);
            }
        });
        Ok(book)
    }
}

/// A table of a deck's slides, with the minute at which each begins.
fn schedule(deck: &Deck) -> String {
    let mut table = "| from minute | slide | minutes |\n|---:|---|---:|\n".to_owned();
    let mut begin = 0.0;
    for slide in &deck.slides {
        let _ = writeln!(
            table,
            "| {begin} | [{}]({}.md#{}) | {} |",
            slide.title, deck.name, slide.id, slide.minutes
        );
        begin += slide.minutes;
    }
    table
}

/// How long the lab of `deck` takes; 0 if it has none.
fn lab_minutes(deck: &Deck) -> u32 {
    LABS.iter().find(|lab| lab.folder() == deck.name).map_or(0, |lab| lab.minutes)
}

fn hours(minutes: u32) -> String {
    format!("{}", f64::from(minutes) / 60.0)
}

fn count_minutes(minutes: f32) -> String {
    format!("{minutes} minutes")
}
