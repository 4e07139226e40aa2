//! HELP, TYPE and UNIT lines.

use super::linter::Linter;
use crate::format::Kind;
use crate::lexer::unescaped;
use crate::line::{Keyword, Metadata};
use crate::text::{bail, shown};

impl Linter {
    /// Takes a metadata line. An error is the fault that makes the line invalid.
    pub(crate) fn metadata(&mut self, line: usize, metadata: &Metadata<'_>) -> Result<(), String> {
        let Metadata { keyword, family, content } = *metadata;
        let word = keyword.name();
        let known = self.page.families.get(family).cloned().unwrap_or_default();
        // promtool accepts a HELP line after samples; the specification, "all lines of a metric as
        // one group, with HELP and TYPE first", does not.
        if let Some(first) = known.first_sample {
            let late = format!(
                "the {word} line of {family} comes after its samples (line {first}): it must come first"
            );
            self.fault(line, late);
            self.order.resume(family);
        } else {
            self.enter(line, family);
        }
        let is_second = match keyword {
            Keyword::Help => known.help.is_some(),
            Keyword::Type => known.kind.is_some(),
            Keyword::Unit => known.unit.is_some(),
        };
        if is_second {
            bail!("a second {word} line of {family}: expected at most one");
        }
        match keyword {
            Keyword::Help => self.help(family, content)?,
            Keyword::Type => {
                let kind = self.format.kind(content)?;
                self.family(family).kind = Some(kind);
                self.claim(line, family, kind);
                check_unit(family, known.unit.as_deref(), Some(kind))?;
            }
            Keyword::Unit if content.is_empty() => {}
            Keyword::Unit => {
                check_unit(family, Some(content), known.kind)?;
                self.family(family).unit = Some(content.to_owned());
            }
        }
        Ok(())
    }

    fn help(&mut self, family: &str, content: &str) -> Result<(), String> {
        let help = unescaped(content, self.format, false)
            .map_err(|text| format!("the help text of {family} has {text}"))?;
        self.family(family).help = Some(help).filter(|help| !help.is_empty());
        Ok(())
    }

    /// Notes the names that samples of this family may have. Two families that share such a name
    /// are a fault in OpenMetrics. The specification of Prometheus text does not say so, but then it
    /// is unclear which sample belongs where, and promtool refuses one of the two orders.
    fn claim(&mut self, line: usize, family: &str, kind: Kind) {
        for suffix in kind.suffixes(self.format) {
            let sample = format!("{family}{suffix}");
            let Some(owner) = self.page.owners.get(&sample).filter(|owner| *owner != family) else {
                self.page.owners.insert(sample, family.to_owned());
                continue;
            };
            let other = self.page.families.get(owner).cloned().unwrap_or_default();
            let kind = kind.name(self.format);
            let text = match (other.kind, other.first_sample) {
                (None, Some(first)) => format!(
                    "the TYPE line of the {kind} {family} comes after its sample {sample} (line \
                     {first}): it must come first"
                ),
                _ => format!(
                    "the {kind} {family} has samples called {sample}, as does {owner} (line {}): \
                     rename one of them",
                    other.line
                ),
            };
            self.fault(line, text);
        }
    }
}

fn check_unit(family: &str, unit: Option<&str>, kind: Option<Kind>) -> Result<(), String> {
    let Some(unit) = unit else { return Ok(()) };
    if matches!(kind, Some(Kind::Info | Kind::StateSet)) {
        bail!("{family} has the unit {}: an info or stateset must have none", shown(unit));
    }
    match family.strip_suffix(unit) {
        Some(stem) if stem.ends_with('_') => Ok(()),
        _ => Err(format!(
            "the name {family} does not end with `_` and the unit {}: expected a name such as {family}_{unit}",
            shown(unit)
        )),
    }
}
