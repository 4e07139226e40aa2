//! Misconception: text that is not UTF-8 can be made UTF-8.
//! Edits: src/requests.rs
//!
//! Must fail:
//! - 09/bad-json: a string with a byte that is not UTF-8 is accepted

impl Request {
    pub fn parse(body: &[u8]) -> Option<Self> {
        // A derived `Deserialize` would accept a list of three as a request.
        let mut fields: Map<String, Value> =
            serde_json::from_str(&String::from_utf8_lossy(body)).ok()?;
        let mut field = |name| fields.remove(name).unwrap_or_default();
        Some(Self {
            id: field("id"),
            op: field("op").as_str().unwrap_or_default().to_owned(),
            value: field("value"),
        })
    }
}
