//! What is left of a text in which a secret stands.

use serde_json::Value;

use crate::{
    base::{redactor::Redactor, secret::Secret},
    fuzzing::encodings::{
        Mark, base64_after, escaped, filled, form, json, percent, percent_lower, pieces, unicode, unicode_lower,
    },
};

const NAME: &str = "TOKEN";
const MARK: &str = "[redacted:TOKEN]";

/// One overlaps itself, one needs every kind of encoding, one is a number, one is outside of ASCII, and one is short.
const SECRETS: [&str; 5] = [
    "abababababab",
    "pl4nted/+ \"odd\\signs=&%0123456789",
    "0012345678901234567890",
    "zażółć-gęślą-jaźń",
    "pin4567",
];

/// The digit of a secret, a line break, and a text in whose lines and pieces (`{|}`) the secret stands however it is written
/// (`{S}`, ...): nothing of it is left, in whatever way the text comes, and a text without it stays as it is.
///
/// # Panics
/// Where that does not hold.
pub fn redaction(bytes: &[u8]) {
    let Some((&[digit, b'\n'], template)) = bytes.split_first_chunk() else {
        return;
    };
    let secret = SECRETS[usize::from(digit) % SECRETS.len()];
    let text = filled(template, &marks(secret));
    let lines: Vec<String> = pieces(&text)
        .into_iter()
        .map(|piece| String::from_utf8_lossy(piece).into_owned())
        .collect();
    let text = lines.concat();
    if text.contains("[redacted") {
        return;
    }
    let redactor = Redactor::of([(NAME, &Secret::new(secret))]);
    if secret.len() < 8 {
        let expected = if text == secret { MARK } else { text.as_str() };
        assert_eq!(redactor.text(text.clone()), expected);
        return;
    }
    let forms = forms(secret);
    check_text(&redactor, &forms, text.clone());
    check_lines(&redactor, &forms, &lines);
    check_stream(&redactor, &forms, &lines);
    check_value(&redactor, &forms, &text, &lines);
}

fn marks(secret: &str) -> Vec<Mark> {
    let half = (0..=secret.len() / 2).rev().find(|&at| secret.is_char_boundary(at));
    let (front, back) = secret.split_at(half.unwrap_or_default());
    let [base64, url_safe] = base64_after(secret, 0);
    vec![
        ("{S}", secret.as_bytes().to_vec()),
        ("{S<}", front.as_bytes().to_vec()),
        ("{S>}", back.as_bytes().to_vec()),
        ("{Sf}", form(secret)),
        ("{S%}", escaped(secret, false, percent)),
        ("{S%l}", escaped(secret, false, percent_lower)),
        ("{S%%}", escaped(secret, true, percent)),
        ("{Sj}", json(secret)),
        ("{Su}", escaped(secret, true, unicode)),
        ("{Sul}", escaped(secret, true, unicode_lower)),
        ("{Sh}", hex::encode(secret).into_bytes()),
        ("{SH}", hex::encode_upper(secret).into_bytes()),
        ("{Sb}", base64),
        ("{S_}", url_safe),
        ("{Sb1}", base64_after(secret, 1)[0].clone()),
        ("{Sb2}", base64_after(secret, 2)[0].clone()),
    ]
}

/// Every writing that is looked for.
fn forms(secret: &str) -> Vec<String> {
    let parts = |mark: &str| matches!(mark, "{S<}" | "{S>}");
    let mut forms: Vec<Vec<u8>> = marks(secret)
        .into_iter()
        .filter(|(name, _)| !parts(name))
        .map(|(_, form)| form)
        .chain((0..3).flat_map(|before| base64_after(secret, before)))
        .collect();
    if secret.bytes().all(|byte| byte.is_ascii_digit()) {
        forms.push(secret.trim_start_matches('0').into());
        let rounded = secret.parse().ok().and_then(serde_json::Number::from_f64);
        forms.extend(rounded.map(|number| number.to_string().into_bytes()));
    }
    let forms = forms.into_iter().filter_map(|form| String::from_utf8(form).ok());
    forms.collect()
}

/// What is read where line breaks are overlooked.
fn on_one_line(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}

fn stands_in(forms: &[String], text: &str) -> bool {
    forms.iter().any(|form| text.contains(form.as_str()))
}

fn assert_clean(forms: &[String], text: &str) {
    assert!(!stands_in(forms, text), "{text:?}");
    assert!(!stands_in(forms, &on_one_line(text)), "over its lines: {text:?}");
}

fn check_text(redactor: &Redactor, forms: &[String], text: String) {
    let is_innocent = !stands_in(forms, &on_one_line(&text));
    let redacted = redactor.text(text.clone());
    assert_clean(forms, &redacted);
    assert_eq!(
        redacted.matches('\n').count(),
        text.matches('\n').count(),
        "{redacted:?}"
    );
    assert_eq!(redacted.contains(MARK), !is_innocent, "{redacted:?}");
    if is_innocent {
        assert_eq!(redacted, text);
    }
    assert_eq!(redactor.text(redacted.clone()), redacted, "what is redacted stays so");
}

fn check_lines(redactor: &Redactor, forms: &[String], lines: &[String]) {
    let redacted = redactor.lines(lines.to_vec());
    assert_eq!(redacted.len(), lines.len());
    assert_clean(forms, &redacted.concat());
    if !stands_in(forms, &on_one_line(&lines.concat())) {
        let expected: Vec<_> = lines.iter().map(|line| line.replace('\n', " ")).collect();
        assert_eq!(redacted, expected);
    }
}

/// Each line is told before the next is known, so what began in the one is taken out of the other.
fn check_stream(redactor: &Redactor, forms: &[String], lines: &[String]) {
    let longest = forms.iter().map(String::len).max().unwrap_or_default();
    let mut before = String::new();
    let mut told = String::new();
    for line in lines {
        let redacted = redactor.line_after(&mut before, line.clone());
        assert!(before.len() <= longest, "{}", before.len());
        assert_clean(forms, &redacted);
        told.push_str(&redacted);
    }
    assert_clean(forms, &told);
    if !stands_in(forms, &on_one_line(&lines.concat())) {
        assert_eq!(told, lines.concat().replace('\n', " "));
    }
}

/// Keys and strings at any depth, and a number that a secret was read as.
fn check_value(redactor: &Redactor, forms: &[String], text: &str, lines: &[String]) {
    let mut value = serde_json::json!([text, [lines], { (text): text }, { "number": null }]);
    if let Ok(number) = serde_json::from_str::<serde_json::Number>(text.trim()) {
        value[3]["number"] = Value::Number(number);
    }
    let redacted = redactor.value(value.clone());
    let mut texts = Vec::new();
    collect(&redacted, &mut texts);
    texts.iter().for_each(|text| assert_clean(forms, text));
    let mut before = Vec::new();
    collect(&value, &mut before);
    if !before.iter().any(|text| stands_in(forms, &on_one_line(text))) {
        assert_eq!(redacted, value);
    }
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.iter().for_each(|(key, item)| {
            texts.push(key.clone());
            collect(item, texts);
        }),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}
