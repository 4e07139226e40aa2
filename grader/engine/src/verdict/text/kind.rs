//! Each kind of failure in one or more lines.

use course::text::{count, quoted, size, time};

use crate::verdict::difference::{Difference, Excerpt};
use crate::verdict::kind::{
    AnnouncementFault, FailureKind, HandshakeEnd, Phase, Residue, Stream, Traffic,
};

/// The lines that say what was seen.
pub(super) fn lines(kind: &FailureKind) -> Vec<String> {
    let line = match kind {
        FailureKind::WrongBytes { difference } => return difference_lines(difference),
        FailureKind::ConnectionBroken { phase, reason, tls, traffic } => {
            return broken_lines(*phase, reason, *tls, *traffic);
        }
        FailureKind::NotWritten { symptom, .. } => return lines(symptom),
        FailureKind::Residue { left } => return left.iter().map(residue_line).collect(),
        FailureKind::UnexpectedBytes { stream, count, first } => {
            unexpected_line(*stream, *count, first)
        }
        FailureKind::ProvenHang => {
            "no answer, and none can come: every thread of the program sleeps in a call without a \
             timeout, and nothing is in flight to wake it"
                .to_owned()
        }
        FailureKind::NotClosed { after: None } => {
            "no end of stream, and none can come: every thread of the program sleeps in a call \
             without a timeout, and nothing is in flight to wake it"
                .to_owned()
        }
        FailureKind::NotClosed { after: Some(after) } => {
            format!("no end of stream within {}", time(*after))
        }
        FailureKind::Timeout { after } => format!("no answer within {}", time(*after)),
        FailureKind::CheckTimeout { after } => {
            format!("the check did not finish within {}", time(*after))
        }
        FailureKind::ClosedEarly { stream, received, expected } => {
            closed_early_line(*stream, *received, *expected)
        }
        FailureKind::ConnectReset { address, reason }
        | FailureKind::ConnectRefused { address, reason } => {
            format!("connect to {address}: {reason}")
        }
        FailureKind::HandshakeFailed { how } => handshake_line(how),
        FailureKind::ServerEnded { status } | FailureKind::WrongStatus { status } => {
            format!("the program {status}")
        }
        FailureKind::StillRunning { after: None } => {
            "it is still running: every thread sleeps in a call without a timeout".to_owned()
        }
        FailureKind::StillRunning { after: Some(after) } => {
            format!("it is still running after {}", time(*after))
        }
        FailureKind::NotStarted { reason } => format!("the program cannot be started: {reason}"),
        FailureKind::NotAnnounced { fault } => announcement_line(fault),
        FailureKind::Property { observed } | FailureKind::ConnectionLost { observed } => {
            observed.clone()
        }
    };
    vec![line]
}

/// The kind in a few words, for a table; empty for a kind that says nothing by itself.
pub(super) fn short(kind: &FailureKind) -> &'static str {
    match kind.symptom() {
        FailureKind::WrongBytes { .. } => "wrong bytes",
        FailureKind::UnexpectedBytes { .. } => "unexpected bytes",
        FailureKind::ProvenHang => "hangs",
        FailureKind::Timeout { .. } => "no answer",
        FailureKind::NotClosed { .. } => "no end of stream",
        FailureKind::CheckTimeout { .. } => "too slow",
        FailureKind::ClosedEarly { .. } => "closed early",
        FailureKind::ConnectionBroken { .. } | FailureKind::ConnectionLost { .. } => "disconnected",
        FailureKind::ConnectReset { .. } | FailureKind::ConnectRefused { .. } => "cannot connect",
        FailureKind::HandshakeFailed { .. } => "no handshake",
        FailureKind::ServerEnded { .. } => "ended",
        FailureKind::WrongStatus { .. } => "wrong status",
        FailureKind::StillRunning { .. } => "still running",
        FailureKind::NotStarted { .. } | FailureKind::NotAnnounced { .. } => "not started",
        FailureKind::Residue { .. } => "sockets left",
        FailureKind::NotWritten { .. } | FailureKind::Property { .. } => "",
    }
}

fn unexpected_line(stream: Stream, count: u64, first: &[u8]) -> String {
    let which = match stream {
        Stream::ToClient => "of unexpected data",
        Stream::ToServer => "of data that is not in the input",
        Stream::StandardOutput => "on standard output that the server did not send",
    };
    format!("{} {which}: {}", size(count), quoted(first))
}

fn closed_early_line(stream: Stream, received: u64, expected: u64) -> String {
    let (got, all) = (size(received), size(expected));
    match stream {
        Stream::ToClient => {
            format!("the program closed the connection after {got} of {all}")
        }
        Stream::ToServer => format!("the program closed its side after {got} of {all}"),
        Stream::StandardOutput => format!("the program ended after printing {got} of {all}"),
    }
}

/// Both byte strings, one under the other, with a caret under the first wrong byte.
fn difference_lines(difference: &Difference) -> Vec<String> {
    let Difference { offset, expected, received, equal } = difference;
    let shown = |excerpt: &Excerpt| {
        let before = if excerpt.cut_before { "…" } else { "" };
        let after = if excerpt.cut_after { "…" } else { "" };
        format!("\"{before}{}{after}\"", excerpt.bytes.escape_ascii())
    };
    let equal = received.bytes.get(..*equal).unwrap_or_default().escape_ascii().to_string();
    let caret = 1 + usize::from(received.cut_before) + equal.chars().count();
    vec![
        format!("byte {offset} is wrong:"),
        format!("want  {}", shown(expected)),
        format!("got   {}", shown(received)),
        format!("      {}^ byte {offset}", " ".repeat(caret)),
    ]
}

fn broken_lines(
    phase: Option<Phase>,
    reason: &str,
    tls: bool,
    traffic: Option<Traffic>,
) -> Vec<String> {
    let when = match phase {
        Some(Phase::Sending) => " while sending",
        Some(Phase::Reading) => " while reading",
        None => "",
    };
    let mut lines = vec![match tls {
        true => format!("TLS error{when}: {reason}"),
        false => format!("the connection broke{when}: {reason}"),
    }];
    if let Some(Traffic { sent, received }) = traffic {
        let (sent, received) = (size(sent), size(received));
        lines.push(format!("until then, the grader sent {sent} and received {received}"));
    }
    lines
}

fn handshake_line(how: &HandshakeEnd) -> String {
    match how {
        HandshakeEnd::Disagreed(reason) => format!("the TLS handshake failed: {reason}"),
        HandshakeEnd::Closed => {
            "the program closed the connection during the TLS handshake".to_owned()
        }
        HandshakeEnd::Broken(reason) => {
            format!("the connection broke during the TLS handshake: {reason}")
        }
    }
}

fn announcement_line(fault: &AnnouncementFault) -> String {
    match fault {
        AnnouncementFault::Ended => "the program ended without printing it".to_owned(),
        AnnouncementFault::Silent { printed, threads } => {
            let said = match printed.as_slice() {
                [] => "nothing".to_owned(),
                some => format!("{} without a newline", quoted(some)),
            };
            let threads = count(*threads, "thread");
            format!("the program printed {said}; {threads}, all asleep in calls without a timeout")
        }
        AnnouncementFault::Late { printed, after } => {
            format!("{} of output without that line within {}", size(*printed), time(*after))
        }
        AnnouncementFault::WrongAddress(address) => format!("the line names {address}"),
        AnnouncementFault::WrongLine { line, cut, utf8 } => {
            let dots = if *cut { " …" } else { "" };
            let text = if *utf8 { "" } else { ", which is not UTF-8" };
            format!("the line is {}{dots}{text}", quoted(line))
        }
        AnnouncementFault::NotListening { named, listening } => {
            let places: Vec<_> = listening.iter().map(ToString::to_string).collect();
            let places = match places.len() {
                0 => "nowhere".to_owned(),
                _ => format!("on {}", places.join(" and ")),
            };
            format!(
                "a line names {named}, but according to the kernel, the program is listening \
                     {places}"
            )
        }
    }
}

fn residue_line(residue: &Residue) -> String {
    format!("{} left {}", residue.check, residue_text(residue.sockets))
}

/// What a check left behind.
#[must_use]
pub fn residue_text(sockets: usize) -> String {
    format!("{} of disconnected clients", count(sockets, "socket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(begin: u64, expected: &[u8], received: &[u8], at: usize) -> Vec<String> {
        let difference = Difference::between(begin, expected, received, at);
        lines(&FailureKind::WrongBytes { difference }).split_off(1)
    }

    #[test]
    fn the_caret_is_under_the_first_wrong_byte() {
        let lines = wrong(100, b"abc\ndef", b"abc\nxef", 4);
        assert_eq!(lines[0], r#"want  "abc\ndef""#);
        assert_eq!(lines[1], r#"got   "abc\nxef""#);
        assert_eq!(lines[1].find('x'), lines[2].find('^'));
        assert!(lines[2].ends_with("byte 104"));
    }

    #[test]
    fn long_data_is_cut_around_the_first_wrong_byte() {
        let (mut one, two) = (vec![b'a'; 1000], vec![b'a'; 1000]);
        one[500] = b'b';
        let lines = wrong(0, &one, &two, 500);
        assert!(lines.iter().all(|line| line.chars().count() < 50), "{lines:?}");
        assert!(lines[0].contains("…aaaaaaaaaaaabaaaaaaaaaaa…"), "{lines:?}");
    }

    #[test]
    fn bytes_that_end_early_have_the_caret_at_their_end() {
        let lines = wrong(0, b"abcdef", b"abc", 3);
        assert_eq!(lines[1], r#"got   "abc""#);
        assert_eq!(lines[2].find('^'), Some(lines[1].len() - 1));
    }
}
