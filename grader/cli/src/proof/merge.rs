//! Merges the items of a misconception into the solution.
//!
//! A misconception holds items: functions, methods in their `impl`, types, constants. Each replaces the solution's item
//! of the same name, whose documentation stays. Items that the header adds are appended, and those that it lists under
//! `Without` are removed. `use` declarations are added to the solution's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, bail};
use course::regions::{Marker, Source};
use syn::spanned::Spanned;

use crate::misconception::Departures;

/// A piece of source code with a name, such as `serve`, `Client::step` or `impl Drop for Slot`.
#[derive(Debug)]
struct Item {
    name: String,
    /// From its documentation to its end.
    all: Range<usize>,
    /// Where the code after the documentation begins.
    code: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Use,
    /// Its members, and the position of its closing brace.
    Impl(Vec<Item>, usize),
    Other,
}

impl Item {
    /// The members of an `impl` block.
    fn members(&self) -> &[Self] {
        match &self.kind {
            Kind::Impl(members, _) => members,
            Kind::Use | Kind::Other => &[],
        }
    }
}

/// Changes to a text: the replacement for each range.
type Changes = BTreeMap<(usize, usize), String>;

/// The result of merging `answer`, a misconception's text, into `solution`, the text of the file that it edits.
///
/// # Errors
///
/// One of the two is not Rust. The answer has an item twice, or a new item that the header does not add. The header
/// names an item that does not exist.
pub(super) fn merge(solution: &str, answer: &str, departures: &Departures) -> Result<String> {
    let given = items(solution).context("the solution")?;
    let answered = items(answer).context("the misconception")?;
    let mut merger =
        Merger { solution, answer, departures, given: &given, changes: Changes::new() };
    merger.expect_sound_header(&answered)?;
    merger.leave_out()?;
    merger.add_uses(&answered);
    for item in &answered {
        match &item.kind {
            Kind::Use => {}
            Kind::Impl(members, _) if merger.find(&item.name).is_some() => {
                merger.expect_same_block(item)?;
                for member in members {
                    merger.place(member, Some(&item.name))?;
                }
            }
            Kind::Impl(..) | Kind::Other => merger.place(item, None)?,
        }
    }
    without_anchors(&changed(solution, &merger.changes)?)
}

struct Merger<'m> {
    solution: &'m str,
    answer: &'m str,
    departures: &'m Departures,
    given: &'m [Item],
    changes: Changes,
}

impl Merger<'_> {
    /// The solution's item or member named `name`.
    fn find(&self, name: &str) -> Option<&Item> {
        all(self.given).find(|item| item.name == name)
    }

    /// # Errors
    ///
    /// The answer has two items of the same name, or the header contradicts the items.
    fn expect_sound_header(&self, answered: &[Item]) -> Result<()> {
        let mut names = BTreeSet::new();
        for item in all(answered).filter(|item| !matches!(item.kind, Kind::Use)) {
            // A type may have several blocks of methods.
            if !names.insert(&item.name) && !matches!(item.kind, Kind::Impl(..)) {
                bail!("it has `{}` twice", item.name);
            }
        }
        for name in &self.departures.without {
            if names.contains(name) || self.departures.adds.contains(name) {
                bail!("its header removes `{name}`, but the file has it: it is replaced anyway");
            }
        }
        for block in self.given.iter().filter(|item| self.departures.without.contains(&item.name)) {
            let mut inside = block.members().iter().map(|member| &member.name);
            if let Some(name) = inside.find(|name| self.departures.without.contains(*name)) {
                bail!("its header removes both `{name}` and the block that it is in");
            }
        }
        for name in &self.departures.adds {
            if !names.contains(name) {
                bail!("its header adds `{name}`, which is not in the file");
            }
            if self.find(name).is_some() {
                bail!("its header adds `{name}`, but the solution has it: it is replaced anyway");
            }
        }
        Ok(())
    }

    /// # Errors
    ///
    /// The answer's `impl` block `item` has attributes, generics or a comment that the solution's lacks: only members
    /// are merged.
    fn expect_same_block(&self, item: &Item) -> Result<()> {
        let head = |text: &str, item: &Item| {
            let code = &text[item.code..item.all.end];
            let head = code.split('{').next().unwrap_or_default();
            head.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let answered = head(self.answer, item);
        let mut blocks = self.given.iter().filter(|given| given.name == item.name);
        if item.code > item.all.start || !blocks.any(|given| head(self.solution, given) == answered)
        {
            bail!("`{answered}` differs from the solution's block: only members are replaced");
        }
        Ok(())
    }

    /// Removes the items that the header lists under `Without`.
    fn leave_out(&mut self) -> Result<()> {
        for name in &self.departures.without {
            let Some(item) = self.find(name) else {
                bail!("its header removes `{name}`, which does not exist. {}", self.known_items());
            };
            let above = self.solution[..line_begin(self.solution, item.all.start)].trim_end();
            self.changes.insert((above.len(), item.all.end), String::new());
        }
        Ok(())
    }

    /// Adds the answer's `use` declarations after the solution's.
    fn add_uses(&mut self, answered: &[Item]) {
        let is_use = |item: &&Item| matches!(item.kind, Kind::Use);
        let uses: Vec<_> = answered.iter().filter(is_use).collect();
        if uses.is_empty() {
            return;
        }
        let texts: Vec<_> = uses.iter().map(|item| &self.answer[item.all.clone()]).collect();
        let texts = texts.join("\n");
        match self.given.iter().rfind(is_use) {
            Some(last) => {
                self.changes.insert((last.all.end, last.all.end), format!("\n\n{texts}"));
            }
            None => {
                let first = self.given.first().map_or(self.solution.len(), |item| item.all.start);
                self.changes.insert((first, first), format!("{texts}\n\n"));
            }
        }
    }

    /// Puts the answer's `item` where it belongs; `block` is the `impl` that contains it.
    fn place(&mut self, item: &Item, block: Option<&str>) -> Result<()> {
        let text = with_comments(self.answer, &item.all);
        if let Some(given) = self.find(&item.name) {
            // The solution's documentation stays, unless the answer has its own.
            let begin = if item.code > item.all.start { given.all.start } else { given.code };
            let end = given.all.end;
            self.changes.insert((begin, end), text.trim_start().to_owned());
            return Ok(());
        }
        if !self.departures.adds.contains(&item.name) {
            bail!(
                "`{}` replaces nothing. If it is new, write `//! Adds: {}` in the header. {}",
                item.name,
                item.name,
                self.known_items()
            );
        }
        let block = block.and_then(|name| self.find(name));
        let at = match block {
            Some(Item { kind: Kind::Impl(_, end), .. }) => *end,
            _ => self.solution.len(),
        };
        self.changes.entry((at, at)).or_default().push_str(&format!("\n{text}\n"));
        Ok(())
    }

    fn known_items(&self) -> String {
        let names = all(self.given).filter(|item| !matches!(item.kind, Kind::Use));
        let names: Vec<_> = names.map(|item| item.name.as_str()).collect();
        format!("The solution's file has {}", names.join(", "))
    }
}

/// Items and their members.
fn all(items: &[Item]) -> impl Iterator<Item = &Item> {
    items.iter().flat_map(|item| std::iter::once(item).chain(item.members()))
}

/// `text` with `changes`.
///
/// # Errors
///
/// Two of them overlap.
fn changed(text: &str, changes: &Changes) -> Result<String> {
    let (mut out, mut done) = (String::new(), 0);
    for ((begin, end), new) in changes {
        if *begin < done {
            bail!("two of its changes overlap in the solution: `{}`", &text[*begin..*end]);
        }
        out += &text[done..*begin];
        out += new;
        done = *end;
    }
    Ok(out + &text[done..])
}

/// `text` without the anchors for slides: replacing an item may remove one end of a pair.
fn without_anchors(text: &str) -> Result<String> {
    let source = Source::parse(text)?;
    let is_anchor = |marker| matches!(marker, Some(Marker::Anchor(_) | Marker::AnchorEnd(_)));
    let lines = source.lines().iter().filter(|line| !is_anchor(line.marker));
    Ok(lines.map(|line| format!("{}\n", line.text)).collect())
}

/// The part `range` of `text`, from the beginning of its first line, with the comments directly above it.
fn with_comments<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    let mut begin = line_begin(text, range.start);
    while begin > 0 {
        let above = line_begin(text, begin - 1);
        let line = text[above..begin].trim();
        if !line.starts_with("//") || line.starts_with("//!") || line.starts_with("// ANCHOR_END") {
            break;
        }
        begin = above;
    }
    &text[begin..range.end]
}

/// The items of `text`, in order.
fn items(text: &str) -> Result<Vec<Item>> {
    let file = syn::parse_file(text).map_err(|error| {
        let at = error.span().start();
        anyhow::anyhow!("line {}: {error}", at.line)
    })?;
    Ok(file.items.iter().map(|item| item_of(text, item)).collect())
}

fn item_of(text: &str, item: &syn::Item) -> Item {
    let all = item.span().byte_range();
    if let syn::Item::Impl(block) = item {
        let name = impl_name(text, block);
        // An inherent method is named as a caller names it.
        let owner = match &block.trait_ {
            None => source(text, &block.self_ty),
            Some(_) => name.clone(),
        };
        let members = block.items.iter().map(|member| {
            let (ident, attributes) = member_name(member);
            let all = member.span().byte_range();
            let code = after_docs(text, attributes, &all);
            Item { name: format!("{owner}::{ident}"), all, code, kind: Kind::Other }
        });
        let kind = Kind::Impl(members.collect(), line_begin(text, all.end - 1));
        let code = after_docs(text, &block.attrs, &all);
        return Item { name, all, code, kind };
    }
    let (name, attributes) = item_name(text, item);
    let kind = if matches!(item, syn::Item::Use(_)) { Kind::Use } else { Kind::Other };
    let code = after_docs(text, attributes, &all);
    Item { name, all, code, kind }
}

/// Where the line that contains `at` begins.
fn line_begin(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// `impl Drop for Slot`.
fn impl_name(text: &str, block: &syn::ItemImpl) -> String {
    let of = block.trait_.as_ref().map(|(path, _)| format!("{} for ", source(text, path)));
    format!("impl {}{}", of.unwrap_or_default(), source(text, &block.self_ty))
}

/// The source of `node` on one line.
fn source(text: &str, node: &impl Spanned) -> String {
    text[node.span().byte_range()].split_whitespace().collect::<Vec<_>>().join(" ")
}

fn item_name<'i>(text: &str, item: &'i syn::Item) -> (String, &'i [syn::Attribute]) {
    use syn::Item;
    let (ident, attributes) = match item {
        Item::Const(it) => (&it.ident, &it.attrs),
        Item::Enum(it) => (&it.ident, &it.attrs),
        Item::Fn(it) => (&it.sig.ident, &it.attrs),
        // A module may have the name of a function.
        Item::Mod(it) => return (format!("mod {}", it.ident), &it.attrs),
        Item::Static(it) => (&it.ident, &it.attrs),
        Item::Struct(it) => (&it.ident, &it.attrs),
        Item::Trait(it) => (&it.ident, &it.attrs),
        Item::Type(it) => (&it.ident, &it.attrs),
        other => return (source(text, other), &[]),
    };
    (ident.to_string(), attributes)
}

fn member_name(member: &syn::ImplItem) -> (String, &[syn::Attribute]) {
    use syn::ImplItem;
    match member {
        ImplItem::Const(it) => (it.ident.to_string(), &it.attrs),
        ImplItem::Fn(it) => (it.sig.ident.to_string(), &it.attrs),
        ImplItem::Type(it) => (it.ident.to_string(), &it.attrs),
        _ => ("?".to_owned(), &[]),
    }
}

/// Where the code after an item's documentation begins.
fn after_docs(text: &str, attributes: &[syn::Attribute], all: &Range<usize>) -> usize {
    let docs = attributes.iter().take_while(|attribute| attribute.path().is_ident("doc"));
    let Some(last) = docs.last() else { return all.start };
    let rest = &text[last.span().byte_range().end..];
    text.len() - rest.trim_start().len()
}

#[cfg(test)]
mod tests;
