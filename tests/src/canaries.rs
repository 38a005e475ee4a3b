//! Searches all that a run left or showed for the secrets that were used in it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use aho_corasick::AhoCorasick;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

use crate::{Browser, Ended};

/// What was seen of a run, place by place.
#[derive(Default)]
pub struct Searched {
    places: Vec<(String, Vec<u8>)>,
    names: Vec<String>,
}

impl Searched {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something that was seen somewhere.
    pub fn saw(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.places.push((place.into(), bytes.into()));
    }

    /// What a command printed and said.
    pub fn ended(&mut self, place: &str, ended: &Ended) {
        self.saw(format!("stdout of {place}"), ended.stdout.clone());
        self.saw(format!("stderr of {place}"), ended.stderr.clone());
    }

    /// The pages of ours that a browser showed, with their headers but for the cookies that they set, and where it was left.
    pub fn pages(&mut self, browser: &Browser, ours: u16) {
        let ours = |url: &url::Url| url.port() == Some(ours);
        for page in browser.shown().iter().filter(|page| ours(&page.url)) {
            self.saw(format!("the page {}", page.url.path()), page.body.clone());
            for (name, value) in &page.headers {
                // What sends the browser to the provider names the state, and the cookie is its own.
                if name != "set-cookie" && name != "location" {
                    self.saw(format!("the header {name} of {}", page.url.path()), value.as_bytes());
                }
            }
        }
        let last = browser.visited().last().map(ToString::to_string);
        self.saw("the address that is left in the browser", last.unwrap_or_default());
    }

    /// Every file of a folder, but those of these names.
    pub fn folder(&mut self, folder: &Path, but: &[&str]) {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
                let path = entry.expect("the folder can be read").path();
                let is_left_out = but.iter().any(|name| path.file_name().is_some_and(|is| is == *name));
                if path.is_dir() {
                    folders.push(path);
                } else if !is_left_out && path.is_file() {
                    let bytes = std::fs::read(&path).expect("the file can be read");
                    self.saw(format!("the file {}", path.display()), bytes);
                    let shown = path.display().to_string();
                    self.saw("the name of a file", shown.clone());
                    self.names.push(shown);
                }
            }
        }
    }

    /// The arguments and the environment of a process and of those that it started. Gives how many there are.
    pub fn processes(&mut self, id: u32) -> usize {
        let family = family(id);
        for member in &family {
            for what in ["cmdline", "environ"] {
                // One that ended meanwhile has nothing to show.
                let bytes = std::fs::read(PathBuf::from(format!("/proc/{member}/{what}"))).unwrap_or_default();
                self.saw(format!("{what} of a process"), bytes);
            }
        }
        family.len()
    }

    /// The files that were seen.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// How many places were seen.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The places in which one of these secrets stands, in the clear or in a usual encoding, each with what stands around it.
    pub fn find(&self, secrets: &[String]) -> Vec<String> {
        let secrets = secrets.iter().filter(|secret| secret.len() >= 8);
        let forms: BTreeSet<String> = secrets.flat_map(|secret| forms(secret)).collect();
        let searcher = AhoCorasick::new(&forms).expect("the secrets can be searched");
        let mut found = Vec::new();
        for (place, bytes) in &self.places {
            for one in searcher.find_iter(bytes) {
                let (from, to) = (one.start().saturating_sub(120), (one.end() + 40).min(bytes.len()));
                let around = String::from_utf8_lossy(bytes.get(from..to).unwrap_or_default()).into_owned();
                found.push(format!("{place}: {around:?}"));
            }
        }
        found
    }
}

/// The secret, and as encoders write it.
fn forms(secret: &str) -> BTreeSet<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = BTreeSet::from([secret.to_owned(), hex::encode(secret)]);
    // What stands before it in an encoded text, such as the client's id in a Basic pair, moves it by one or two bytes. In such a
    // pair it is form-encoded first (RFC 6749 section 2.3.1).
    for offset in 0..3 {
        forms.extend(base64_within(secret.as_bytes(), offset));
        forms.extend(base64_within(form.as_bytes(), offset));
    }
    forms.insert(form);
    forms
}

/// What base64 makes of a secret at this offset of a longer text, without the characters that its neighbours have a part in.
fn base64_within(secret: &[u8], offset: usize) -> [String; 2] {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(secret);
    let whole = (offset * 8).div_ceil(6)..padded.len() * 8 / 6;
    [STANDARD.encode(&padded), URL_SAFE.encode(&padded)].map(|text| text[whole.clone()].to_owned())
}

/// A process and all that it started.
fn family(id: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        if let Some(parent) = parent.and_then(|parent| parent.trim().parse::<u32>().ok()) {
            parents.push((process, parent));
        }
    }
    let mut family = vec![id];
    let mut at = 0;
    while let Some(&member) = family.get(at) {
        family.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == member)
                .map(|(child, _)| *child),
        );
        at += 1;
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "planted?>/secret~1";

    #[test]
    fn a_secret_is_found_in_every_form_and_wherever_it_stands_in_base64() {
        let mut forms = vec![SECRET.to_owned(), hex::encode(SECRET)];
        let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        for before in ["", "a", "ab", "abc", "client-id:", "the-client:"] {
            for engine in [&STANDARD, &URL_SAFE] {
                forms.push(engine.encode(format!("{before}{SECRET}")));
                forms.push(engine.encode(format!("{before}{SECRET} and more")));
                forms.push(engine.encode(format!("{before}{encoded}")));
            }
        }
        forms.push(encoded);
        for form in forms {
            let mut searched = Searched::new();
            searched.saw("a log", format!("before {form} after"));
            assert!(!searched.find(&[SECRET.to_owned()]).is_empty(), "{form}");
            assert!(searched.find(&["another-secret".to_owned()]).is_empty());
        }
    }
}
