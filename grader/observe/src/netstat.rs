//! Counters of the whole machine.

/// How many connection attempts have found a full listen queue since the machine started (ListenOverflows in
/// `/proc/net/netstat`); 0 if it cannot be read. See fact 3 of RULES.md.
#[must_use]
pub fn listen_overflows() -> u64 {
    let text = std::fs::read_to_string("/proc/net/netstat").unwrap_or_default();
    parse_listen_overflows(&text).unwrap_or(0)
}

/// The file has pairs of lines: names, then values, both after the same first word.
fn parse_listen_overflows(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let mut pairs = names.split(' ').zip(values.split(' '));
    pairs.find(|(name, _)| *name == "ListenOverflows")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overflows_are_read_by_name() {
        let recorded = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 17 19\n\
                        IpExt: InNoRoutes\nIpExt: 3\n";
        assert_eq!(parse_listen_overflows(recorded), Some(17));
        assert_eq!(parse_listen_overflows("TcpExt: A\nTcpExt: 1\n"), None);
    }
}
