//! JSON values, compared as values and shown in reports.

use course::text::printable;
use serde_json::{Value, json};

use super::frame::MAX_SHOWN;

/// The answer to a request whose id is unknown.
pub(super) fn error(reason: &str) -> Value {
    json!({ "id": null, "error": reason })
}

/// Whether `object` has all of `members`, with the same values.
pub(super) fn has(object: &Value, members: &Value) -> bool {
    let members = members.as_object().into_iter().flatten();
    members
        .into_iter()
        .all(|(name, value)| object.get(name).is_some_and(|found| same(found, value)))
}

/// Whether two values are equal; 3 and 3.0 are.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there = |(name, value): (&String, &Value)| {
                other.get(name).is_some_and(|found| same(value, found))
            };
            one.len() == other.len() && one.iter().all(is_there)
        }
        _ => one == other,
    }
}

/// `value` as reports show it: an object with its id first, as the sheet writes it.
pub(super) fn shown(value: &Value) -> String {
    let text = match (value.get("id"), value.get("error")) {
        (Some(id), Some(error)) if value.as_object().is_some_and(|all| all.len() == 2) => {
            format!("{{\"id\":{id},\"error\":{error}}}")
        }
        _ => value.to_string(),
    };
    printable(&text, MAX_SHOWN)
}

/// Says in which member `found` differs from `wanted`, if `found` is too long to be shown in full. A member that
/// `found` lacks does not matter: then it is another kind of answer.
pub(super) fn hidden_difference(found: &Value, wanted: &Value) -> Option<String> {
    let differs = |(name, value): &(&String, &Value)| {
        found.get(name).is_some_and(|found| !same(found, value))
    };
    let mut members = wanted.as_object().into_iter().flatten();
    let (name, value) = members.find(differs).filter(|_| found.to_string().len() > MAX_SHOWN)?;
    Some(format!("its `{name}` is {}, not {}", shortened(&found[name]), shortened(value)))
}

/// `value` with its length if it is long.
fn shortened(value: &Value) -> String {
    /// In characters.
    const MAX: usize = 40;
    let text = value.to_string();
    match text.chars().count() {
        0..=MAX => text,
        length => format!("{} ({length} characters)", printable(&text, MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_as_values() {
        let sum = json!({ "id": 1, "ok": 3 });
        assert!(has(&json!({ "ok": 3.0, "id": 1, "more": [] }), &sum));
        assert!(!has(&json!({ "ok": 3.5, "id": 1 }), &sum));
        assert!(!has(&json!({ "ok": "3", "id": 1 }), &sum));
        // A missing id is not `null`.
        assert!(!has(&json!({ "error": "bad json" }), &error("bad json")));
        assert!(same(&json!([{ "a": [1.0, null] }]), &json!([{ "a": [1, null] }])));
        assert!(!same(&json!({ "a": 1, "b": 2 }), &json!({ "a": 1 })));
        assert!(!same(&json!([1]), &json!([1, 1])));
    }

    #[test]
    fn an_error_is_shown_with_its_id_first() {
        assert_eq!(shown(&error("bad json")), r#"{"id":null,"error":"bad json"}"#);
    }

    #[test]
    fn a_difference_is_named_where_it_may_be_out_of_sight() {
        let answer = |text: &str| json!({ "id": 1, "ok": text });
        assert_eq!(hidden_difference(&answer("a"), &answer("b")), None);
        let (found, wanted) = (answer(&"a".repeat(200)), answer(&"b".repeat(9)));
        let named = hidden_difference(&found, &wanted).expect("they differ");
        assert!(named.starts_with("its `ok` is \"aaa"), "{named}");
        assert!(named.ends_with("(202 characters), not \"bbbbbbbbb\""), "{named}");
        assert_eq!(
            hidden_difference(&found, &error("bad json")),
            Some("its `id` is 1, not null".to_owned())
        );
    }
}
