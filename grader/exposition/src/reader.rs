//! Splits the bytes of a page into lines and parses them.

use crate::format::Format;
use crate::line::Line;
use crate::lint::Linter;
use crate::model::Exposition;
use crate::text::shown;
use crate::{openmetrics, prometheus};

#[cfg(test)]
mod tests;

impl Exposition {
    /// Reads as much as possible of any bytes; all errors are in `faults`.
    #[must_use]
    pub fn read(text: &[u8], format: Format) -> Self {
        let mut reader = Reader { format, eof: None, linter: Linter::new(format) };
        reader.page(text);
        reader.linter.finish()
    }
}

struct Reader {
    format: Format,
    /// The line of the first `# EOF`.
    eof: Option<usize>,
    linter: Linter,
}

impl Reader {
    fn page(&mut self, text: &[u8]) {
        let mut last = 0;
        for (index, bytes) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            last = index + 1;
            self.bytes(last, bytes);
        }
        if self.format == Format::OpenMetrics && self.eof.is_none() {
            let text = "the last line is not `# EOF`: OpenMetrics must end with it";
            self.linter.fault(last.max(1), text);
        }
    }

    /// Reads a line with its newline, which the last one may lack.
    fn bytes(&mut self, number: usize, bytes: &[u8]) {
        let whole = bytes.strip_suffix(b"\n");
        // The grammar of OpenMetrics makes the newline after EOF optional, and so does promtool.
        if whole.is_none() && !(self.format == Format::OpenMetrics && bytes == b"# EOF") {
            let text = "the text ends without a newline: the last line needs one, too";
            self.linter.fault(number, text);
        }
        let mut bytes = whole.unwrap_or(bytes);
        if let Some(without) = bytes.strip_suffix(b"\r") {
            bytes = without;
            let text = "the line ends in `\\r\\n`: both formats require `\\n`";
            self.linter.fault_once(number, "carriage return", text);
        }
        match str::from_utf8(bytes) {
            Ok(text) => self.line(number, text),
            Err(error) => {
                let at = error.valid_up_to();
                let byte = bytes.get(at).copied().unwrap_or_default();
                let text = format!("byte {} of the line, {byte:#04x}, is not UTF-8", at + 1);
                self.linter.skipped(number, text);
            }
        }
    }

    fn line(&mut self, number: usize, text: &str) {
        if let Some(eof) = self.eof {
            let text = match text {
                "# EOF" => format!("a second `# EOF`, after the one on line {eof}"),
                _ => format!("{} after the `# EOF` of line {eof}: expected nothing", shown(text)),
            };
            self.linter.fault_once(number, "after EOF", text);
        }
        let line = match self.format {
            Format::Prometheus => prometheus::parse(text, number),
            Format::OpenMetrics => openmetrics::parse(text, number),
        };
        let taken = line.and_then(|line| self.take(number, line));
        if let Err(text) = taken {
            self.linter.skipped(number, text);
        }
    }

    /// An error is the fault that makes the line invalid.
    fn take(&mut self, number: usize, line: Line<'_>) -> Result<(), String> {
        match line {
            Line::Ignored => {}
            Line::Eof => self.eof = self.eof.or(Some(number)),
            // Anything after the end is a fault already, empty or not.
            Line::Empty if self.eof.is_some() => {}
            Line::Empty => {
                let text = "an empty line: OpenMetrics allows none";
                self.linter.fault_once(number, "empty", text);
            }
            Line::Metadata(metadata) => self.linter.metadata(number, &metadata)?,
            Line::Sample(sample) => self.linter.sample(sample),
        }
        Ok(())
    }
}
