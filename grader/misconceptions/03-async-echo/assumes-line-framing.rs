//! Misconception: clients send lines, and `lines()` reads them.
//!
//! Must fail:
//! - 03/echo-bytes: a piece without a newline is never answered, and one that is not UTF-8 ends the
//!   task

use tokio::io::{AsyncBufReadExt, BufReader};

pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    let mut echoed = 0;
    while let Some(line) = lines.next_line().await? {
        writer.write_all(format!("{line}\n").as_bytes()).await?;
        echoed += line.len() as u64 + 1;
    }
    Ok(echoed)
}
